import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Agent } from 'undici'
import { fetchText } from '../../cli/import/fetch-text.ts'
import { issueServing, makeAuthority } from '../../controller/admission/certificates/authority.ts'
import { writ } from './writ.ts'

async function folder(t: Test): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'writ-import-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  return root
}

const example = 'examples/portable/refunds.yaml'

t.test(
  'a portable file becomes kinds on standard output, and what differs is told beside',
  async t => {
    const { code, out, err } = await writ(['import', example])
    t.equal(code, 0)
    t.match(
      out,
      /^# Refunds by size.*kind: AccessPolicy.*kind: ApprovalWorkflow.*kind: ToolServer/s,
    )
    t.match(err, /^3 documents, nothing is said otherwise$/m)
    const told = await writ(['import', 'examples/portable/shell.yaml'])
    t.match(told.err, /^examples\/portable\/shell\.yaml:17:21: .*\(type_denies\)$/m)
    t.match(told.err, /^2 documents, 3 differences$/m)
    const checked = await writ(['check', '--strict', '-'], { input: out })
    t.match(checked, { code: 0, out: /^ok: 3 resources/ })
  },
)

t.test('it is written into a file that is not there yet, and nothing is overwritten', async t => {
  const root = await folder(t)
  const to = join(root, 'policies', 'refunds.yaml')
  t.match(await writ(['import', example, '--to', to]), {
    code: 0,
    out: '',
    err: /in .*refunds\.yaml/,
  })
  const text = readFileSync(to, 'utf8')
  t.match(await writ(['import', example, '--to', to]), { code: 2, err: /is there already/ })
  t.equal(readFileSync(to, 'utf8'), text)
})

t.test('what stands beside it is not written again', async t => {
  const root = await folder(t)
  const people = join(root, 'people.yaml')
  writeFileSync(
    people,
    'apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: ana, namespace: default }\nspec: {}\n',
  )
  const input = `version: "1.0"
metadata: { name: a }
approval_workflows: [{ name: ask, approver_users: [ana, ben] }]
`
  const args = ['import', '-', '--with', people, '-n', 'web', '-o', 'json']
  const elsewhere = JSON.parse((await writ(args, { input })).out)
  t.strictSame(namesOf(elsewhere), ['web/a', 'web/ask', 'web/ana', 'web/ben'])
  const here = await writ(['import', '-', '--with', people, '-o', 'json'], { input })
  t.equal(here.code, 0)
  t.strictSame(namesOf(JSON.parse(here.out)), ['a', 'ask', 'ben'])
  t.match(JSON.parse(here.out), {
    problems: [],
    differences: [{ code: 'person_written', file: '<stdin>', line: 3 }],
    yaml: /^apiVersion/,
  })
})

interface Written {
  readonly documents: readonly { metadata: { name: string; namespace?: string } }[]
}

function namesOf({ documents }: Written): readonly string[] {
  return documents.map(({ metadata: { name, namespace } }) =>
    [namespace, name].filter(Boolean).join('/'),
  )
}

t.test('a file that does not compile, or holds no portable policy, is not imported', async t => {
  const root = await folder(t)
  const to = join(root, 'never.yaml')
  const broken = 'version: "1.0"\nmetadata: { name: a }\ntoolz: []\n'
  const answer = await writ(['import', '-', '--to', to], { input: broken })
  t.match(answer, { code: 1, out: '', err: /<stdin>:3:1: error: Unknown key "toolz"/ })
  t.match(answer.err, /nothing is imported, it does not compile: 1 error/)
  t.throws(() => readFileSync(to), { code: 'ENOENT' })
  const kinds = await writ(['import', 'examples/quickstart/observe.yaml'])
  t.match(kinds, { code: 1, err: /nothing is imported, there is no portable policy in it/ })
})

t.test('only https is fetched', async t => {
  for (const address of ['http://127.0.0.1/a.yaml', 'file:///etc/passwd', 'ftp://x/y']) {
    t.match(await writ(['import', address]), { code: 2, err: /only https/ }, address)
  }
  await t.rejects(fetchText('https://ana:secret@example.com/a.yaml'), {
    code: 'unreadable',
    message: 'an address with credentials is not read',
  })
})

/** A server with a certificate that the dispatcher believes. */
async function secure(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const authority = await makeAuthority(Date.now())
  const { cert, key } = await issueServing(authority, ['127.0.0.1'], Date.now())
  const server = createServer({ cert, key }, answer)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const dispatcher = new Agent({ connect: { ca: authority.cert } })
  t.teardown(() => dispatcher.destroy())
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, dispatcher }
}

t.test('what is fetched is bounded in size, time and redirects', async t => {
  const { url, dispatcher } = await secure(t, (request, response) => {
    const { url: path = '' } = request
    if (path === '/file') response.end('version: "1.0"\n')
    else if (path === '/moved') response.writeHead(302, { location: '/file' }).end()
    else if (path === '/round') response.writeHead(302, { location: '/round' }).end()
    else if (path === '/down') response.writeHead(302, { location: 'http://127.0.0.1/' }).end()
    else if (path === '/large') response.end(Buffer.alloc(5 * 1024 * 1024))
    else if (path === '/bytes') response.end(Buffer.from([0xff, 0xfe]))
    else if (path === '/gone') response.writeHead(404).end()
  })
  const get = (path: string, timeoutMs?: number) =>
    fetchText(url + path, { dispatcher, ...(timeoutMs !== undefined && { timeoutMs }) })
  t.equal(await get('/file'), 'version: "1.0"\n')
  t.equal(await get('/moved'), 'version: "1.0"\n')
  const wrong = {
    '/round': /more than 3/,
    '/down': /only https/,
    '/large': /4 MiB/,
    '/gone': /404/,
  }
  for (const [path, message] of Object.entries(wrong)) {
    await t.rejects(get(path), { code: 'unreadable', message }, path)
  }
  await t.rejects(get('/bytes'), { code: 'unreadable', message: /not UTF-8/ })
  await t.rejects(get('/silent', 50), { code: 'unreadable', message: /takes too long/ })
  await t.rejects(fetchText(`${url}/file`), { code: 'unreadable', message: /CERT|UNABLE|SELF/ })
})
