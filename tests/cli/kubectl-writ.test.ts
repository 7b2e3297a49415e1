import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root, writ } from './writ.ts'

const main = join(root, 'cli/kube/main.ts')

/** A kubeconfig whose API server nobody is. */
const kubeconfig = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'ana', user: { token: 'a token of ana' } }],
  contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'ana', namespace: 'team-a' } }],
  'current-context': 'gone',
})

t.test('kubectl writ', async t => {
  const file = join(t.testdir(), 'config')
  writeFileSync(file, kubeconfig)
  const run = (...args: readonly string[]) => writ(args, { main, env: { KUBECONFIG: file } })

  await t.test('says what it can do', async t => {
    const { code, out } = await run('--help')
    t.equal(code, 0)
    t.match(out, 'Usage: kubectl writ [options] [command]')
    const commands = [...out.matchAll(/^ {2}(\w+) .* {2}\w/gm)].map(([, command]) => command)
    t.strictSame(commands, ['get', 'approve', 'deny', 'watch', 'help'])
  })

  await t.test('says when there is no API server, and never the token', async t => {
    for (const args of [['get'], ['get', '-A'], ['approve', 'apr-0'], ['deny', 'x'], ['watch']]) {
      const { code, out, err } = await run(...args)
      t.strictSame({ code, out }, { code: 2, out: '' }, args.join(' '))
      t.match(err, /^writ: the API server cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1\n/)
      t.notMatch(err, 'a token of ana')
    }
  })

  await t.test('says when a kubeconfig, a context or a name is of no use', async t => {
    const file = await run('get', '--kubeconfig', '/nowhere/config')
    t.match(file, { code: 2, err: 'writ: /nowhere/config cannot be read' })
    const context = await run('get', '--context', 'another')
    t.match(context, { code: 2, err: 'writ: the kubeconfig names no context another' })
    const name = await run('approve', 'team-a/ap')
    t.match(name, { code: 2, err: 'writ: team-a/ap is no name of a request' })
    const time = await run('approve', 'apr-0', '--timeout', 'long')
    t.match(time, { code: 2, err: 'Give a number of seconds from 1 to 9999.' })
  })
})
