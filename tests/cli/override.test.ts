import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { anyPorts } from './quickstart.ts'
import { serve, writ } from './writ.ts'

const policy = (rule: string) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p }
spec: { tools: [{ name: "*", rules: [${rule}] }] }
`

t.test('the glass is broken, looked at and mended by hand', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'writ-override-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const policies = join(folder, 'policies')
  await mkdir(policies)
  writeFileSync(join(policies, 'p.yaml'), policy('{ action: deny }'))
  const hotfix = join(folder, 'hotfix.yaml')
  writeFileSync(hotfix, policy('{ action: allow }'))
  const data = join(folder, 'data')
  await serve(['up', policies, '--data', data, ...anyPorts], { cwd: folder }, end =>
    t.teardown(end),
  )
  const run = (...args: string[]) => writ(['override', ...args, '--data', data])
  const why = ['--reason', 'the tests are down']

  const short = await run('apply', hotfix, '--ttl', '4m', ...why)
  t.equal(short.code, 2)
  t.match(short.err, 'at least 5m and at most 24h')
  t.equal((await run('apply', hotfix, '--ttl', '1h')).code, 2, 'without a reason')
  t.match((await run('list')).out, 'There are no overrides.')

  writeFileSync(join(folder, 'broken.yaml'), policy('{ when: "args.x >", action: allow }'))
  const broken = await run('apply', join(folder, 'broken.yaml'), '--ttl', '1h', ...why)
  t.equal(broken.code, 1)
  t.match(broken.out, /broken\.yaml:4:\d+: error: .*\n.*when: "args.x >"[\s\S]*refused: 1 problem/)

  const applied = await run('apply', hotfix, '--ttl', '1h', ...why, '-o', 'json')
  t.equal(applied.code, 0, applied.err)
  const { id, expiresAt } = JSON.parse(applied.out)
  const status = await writ(['status', '--data', data])
  t.match(
    status.out,
    `override  ${id} AccessPolicy default/p until ${expiresAt}, by local: the tests are down`,
  )
  t.match((await run('list')).out, new RegExp(`${id}  in force  AccessPolicy default/p  `))
  t.match((await run('apply', hotfix, '--ttl', '1h', ...why)).err, 'end that first')

  t.equal((await run('end', id)).code, 0)
  t.match((await run('end', id)).err, 'It has ended already.')
  t.match((await run('list')).out, `${id}  ended`)
})
