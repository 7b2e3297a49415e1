import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Fetched } from '../../../controller/git/repository.ts'
import { forever, opened } from './opened.ts'
import { policyText, testFolder, testRepository } from './repositories.ts'
import { smartHttp } from './smart-http.ts'

const secret = 'ana:correct-horse'

function codeOf(fetched: Fetched): string {
  return 'problem' in fetched ? fetched.problem.code : 'fetched'
}

t.test(
  'over http the credentials go in a header, and what is wrong with them is named',
  async t => {
    const there = await testRepository(t)
    const commit = await there.commit({ 'a.yaml': policyText('one') })
    const url = await smartHttp(t, there.folder, { credentials: secret })
    const given = { secret: null as string | null, knownHosts: [] }
    const here = await opened(t, url, { credentials: async () => given })
    t.equal(codeOf(await here.fetch(forever)), 'credentials_refused', 'none')
    given.secret = 'ana:wrong'
    const wrong = await here.fetch(forever)
    t.equal(codeOf(wrong), 'credentials_refused')
    t.notMatch(JSON.stringify(wrong), /wrong/)
    given.secret = secret
    t.strictSame(await here.fetch(forever), { commit, notes: [] })
    const made = await here.propose(
      {
        base: commit,
        branch: 'writ/change',
        files: [{ path: 'a.yaml', text: policyText('two') }],
        message: 'Change',
        author: { name: 'Ana', email: 'ana@example.com' },
      },
      forever,
    )
    await there.git('fetch', '--quiet', 'origin')
    t.equal((await there.git('rev-parse', 'origin/writ/change')).trim(), made)
    t.equal(
      codeOf(
        await (await opened(t, `${url}-gone`, { credentials: async () => given })).fetch(forever),
      ),
      'repository_gone',
    )
  },
)

t.test('a token alone is a password', async t => {
  const there = await testRepository(t)
  await there.commit({ 'a.yaml': policyText('one') })
  const url = await smartHttp(t, there.folder, { credentials: 'x-access-token:the-token' })
  const here = await opened(t, url, {
    credentials: async () => ({ secret: 'the-token\n', knownHosts: [] }),
  })
  t.equal(codeOf(await here.fetch(forever)), 'fetched')
})

t.test('credentials are not carried to another address', async t => {
  const there = await testRepository(t)
  await there.commit({ 'a.yaml': policyText('one') })
  const heard: (string | undefined)[] = []
  const thief = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.end()
  })
  await new Promise<void>(done => thief.listen(0, '127.0.0.1', done))
  t.teardown(() => thief.close())
  const { port } = thief.address() as AddressInfo
  const url = await smartHttp(t, there.folder, {
    instead(request, response) {
      response.writeHead(302, { location: `http://127.0.0.1:${port}${request.url}` }).end()
      return true
    },
  })
  const here = await opened(t, url, { credentials: async () => ({ secret, knownHosts: [] }) })
  t.equal(codeOf(await here.fetch(forever)), 'repository_moved')
  t.strictSame(heard, [])
})

t.test('a server that answers without end, or not at all, harms nobody', async t => {
  const there = await testRepository(t)
  let mode: 'endless' | 'silent' = 'endless'
  const asked = Promise.withResolvers<void>()
  const url = await smartHttp(t, there.folder, {
    instead(_, response) {
      if (mode === 'silent') {
        asked.resolve()
        return true
      }
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      response.write('001e# service=git-upload-pack\n0000')
      const line = `${'a'.repeat(40)} refs/heads/${'x'.repeat(4000)}\n`
      const packet = `${(line.length + 4).toString(16).padStart(4, '0')}${line}`.repeat(200)
      const more = () => {
        while (response.write(packet));
      }
      response.on('drain', more).on('error', () => undefined)
      more()
      return true
    },
  })
  const here = await opened(t, url)
  t.equal(codeOf(await here.fetch(forever)), 'source_too_large')
  mode = 'silent'
  const stop = new AbortController()
  const fetching = here.fetch(stop.signal)
  await asked.promise
  stop.abort()
  await t.rejects(fetching, { name: 'AbortError' })
})

t.test('what a server says is made plain before anybody reads it', async t => {
  const there = await testRepository(t)
  const url = await smartHttp(t, there.folder, {
    instead(_, response) {
      const line = 'ERR \u001b[2Jpay \u202e me\n'
      const packet = (text: string) =>
        `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      response.end(`${packet('# service=git-upload-pack\n')}0000${packet(line)}`)
      return true
    },
  })
  const fetched = await (await opened(t, url)).fetch(forever)
  t.match(fetched, { problem: { code: 'repository_failed' } })
  const message = 'problem' in fetched ? fetched.problem.message : ''
  t.notMatch(message, /\p{Cc}|\p{Cf}/u)
})

t.test(
  'over ssh only pinned keys are believed, and only the key of the secret is used',
  async t => {
    const there = await testRepository(t)
    const commit = await there.commit({ 'a.yaml': policyText('one') })
    const bin = await testFolder(t)
    const seen = join(bin, 'seen')
    // Stands where ssh does: notes what it was told, and runs what it was to run over there.
    await writeFile(
      join(bin, 'ssh'),
      `#!/bin/sh
printf '%s\\n' "$@" > '${seen}'
for word; do case "$word" in UserKnownHostsFile=*) eval "hosts=\${word#*=}"; cat "$hosts" >> '${seen}';; esac; done
while [ "$1" != -i ]; do shift; done; cat "$2" >> '${seen}'; stat -c %a "$2" >> '${seen}'
while [ $# -gt 1 ]; do shift; done
exec sh -c "$1"
`,
    )
    await chmod(join(bin, 'ssh'), 0o700)
    const path = process.env.PATH
    process.env.PATH = `${bin}:${path}`
    t.teardown(() => {
      process.env.PATH = path
    })
    const folder = join(await testFolder(t), "it's a copy")
    const given = { secret: 'THE PRIVATE KEY', knownHosts: ['host ssh-ed25519 AAAA'] }
    const url = `ssh://git@host.example.com:2222${there.folder}`
    const here = await opened(t, url, { folder, credentials: async () => given })
    t.strictSame(await here.fetch(forever), { commit, notes: [] })
    const told = await readFile(seen, 'utf8')
    for (const part of [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'GlobalKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'PermitLocalCommand=no',
      '\n-F\n/dev/null\n',
      'host ssh-ed25519 AAAA\n',
      'THE PRIVATE KEY\n600\n',
      '2222',
    ]) {
      t.ok(`\n${told}`.includes(part), part)
    }
    const left = await readdir(folder)
    t.strictSame(
      left.filter(name => name.startsWith('ssh-')),
      [],
      'the key is gone',
    )

    given.knownHosts = []
    t.equal(codeOf(await here.fetch(forever)), 'host_key_unknown')
    given.knownHosts = ['host ssh-ed25519 AAAA\nevil ssh-ed25519 BBBB']
    t.equal(codeOf(await here.fetch(forever)), 'host_key_unknown')
  },
)
