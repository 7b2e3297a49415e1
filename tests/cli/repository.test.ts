import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { testFolder, testRepository } from '../controller/git/repositories.ts'
import { sshSigningKey } from '../controller/git/signing-keys.ts'
import { anyPorts, eventually } from './quickstart.ts'
import { serve, writ } from './writ.ts'

function policy(action: string): string {
  const rules = `[{ name: production, action: ${action} }]`
  return `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: deploys }
spec: { tools: [{ name: deploy_app, rules: ${rules} }] }
`
}

t.test('policies are served from a repository, and history says what brought them', async t => {
  const there = await testRepository(t)
  const { publicKey, config } = await sshSigningKey(t)
  const cwd = await testFolder(t)
  writeFileSync(join(cwd, 'signers'), `# who signs\nana@example.com ${publicKey}\n`)
  const first = await there.commit({ 'policies/p.yaml': policy('deny') }, { config })
  const data = join(cwd, 'data')
  const about = ['--path', 'policies', '--interval', '10s']
  const signed = ['--require-signed', '--allowed-signers', 'signers']
  await serve(['up', there.url, ...about, ...signed, '--data', data, ...anyPorts], { cwd }, end =>
    t.teardown(end),
  )
  const status = async () => (await writ(['status', '--data', data])).out
  t.match(await status(), `policies  ${there.url} at ${first.slice(0, 12)} in force, 1 file`)

  const message = 'Allow production \u001b[31m'
  const second = await there.commit({ 'policies/p.yaml': policy('allow') }, { config, message })
  const taken = async () => (await status()).includes(`at ${second.slice(0, 12)} in force`)
  await eventually(t, 'what is pushed is in force', taken)
  const { out, code } = await writ(['history', '--data', data])
  t.equal(code, 0)
  const lines = out.split('\n').map(line => line.replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d)?/g, 'DAY'))
  const shown = lines.map(line => line.replaceAll(/^\d+|sha256:[0-9a-f]+/g, 'N'))
  t.strictSame(shown, [
    'N  DAY  default  N  in force',
    `  ${second.slice(0, 12)}  Allow production [31m  (Ana, DAY, signed by ana@example.com)`,
    '  widening: deploy_app: was denied by production, now allowed by production',
    'N  DAY  default  N',
    `  ${first.slice(0, 12)}  Change policies  (Ana, DAY, signed by ana@example.com)`,
    '  the first table of the namespace',
    '',
  ])
  const user = 'apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: ben }\nspec: {}\n'
  const third = await there.commit({ 'policies/people.yaml': user }, { config })
  const widened = async () => (await status()).includes(`at ${third.slice(0, 12)} in force`)
  await eventually(t, 'somebody else is in force', widened)
  const told = (await writ(['history', '--data', data, '--limit', '1'])).out
  t.match(told, /signed by ana@example.com\)\n {2}widening: user ben is new\n$/)
  const json = await writ(['history', '--data', data, '--limit', '1', '-o', 'json'])
  t.match(JSON.parse(json.out), {
    commit: { id: third, signedBy: 'ana@example.com' },
    changes: [],
    people: { count: 1, changes: [{ effect: 'widening', kind: 'user', name: 'ben' }] },
  })

  await there.commit({ 'policies/p.yaml': policy('deny') })
  const refused = async () => (await status()).includes('commit_unsigned')
  await eventually(t, 'what is not signed is refused', refused)
})

t.test('what is said of a repository is checked before anything starts', async t => {
  const url = 'https://git.example.com/policies'
  const cwd = await testFolder(t)
  writeFileSync(join(cwd, 'signers'), 'ana@example.com cert-authority ssh-ed25519 AAAA\n')
  const refused = async (...args: string[]) => {
    const { code, err } = await writ(['up', ...args, ...anyPorts], { cwd })
    return [code, err.split('\n')[0]]
  }
  const says = (why: string) => [2, `writ: ${why}`]
  t.match(await refused('ext::sh -c run'), says('there is no file or folder ext::sh -c run'))
  t.match(await refused('http://git.example.com/policies'), says('The address'))
  t.match(await refused('https://ana:hunter2@git.example.com/policies'), says('The address'))
  t.match(await refused('policies', '--branch', 'main'), says('--branch is about a repository'))
  t.match(await refused(url, '--require-signed'), says('--require-signed and --allowed-signers'))
  t.match(
    await refused(url, '--require-signed', '--allowed-signers', 'signers'),
    says('This is no signer: ana@example.com cert-authority'),
  )
  for (const [option, value] of [
    ['--branch', '-x'],
    ['--branch', 'a:b'],
    ['--path', '../policies'],
    ['--path', '/etc'],
    ['--interval', '1s'],
    ['--interval', '25h'],
    ['--source-secret', 'a b'],
  ] as const) {
    const [code, err] = await refused(url, `${option}=${value}`)
    t.match([code, err], [2, new RegExp(`option '${option} .*argument '${value}' is invalid`)])
  }
  t.match(await refused(url, '--known-hosts', 'nothing'), says('nothing cannot be read'))
})
