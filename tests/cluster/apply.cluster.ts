import { join } from 'node:path'
import t from 'tap'
import { policyWorld, until } from './policy-world.ts'
import { startController, startProxy } from './writ-process.ts'

const examples = join(import.meta.dirname, '../../examples/kubernetes')

/** The lines of a table that kubectl prints, words split. */
function rows(stdout: string): readonly (readonly string[])[] {
  return stdout
    .trim()
    .split('\n')
    .filter(line => line.includes('.writ.dev/'))
    .map(line => line.split(/ {2,}/))
}

t.test('what is applied is accepted, published and enforced, and kubectl shows it', async t => {
  const { api } = await policyWorld(t, [])
  const controller = await startController(t, api.admin)
  await startProxy(t, controller.url)
  const second = await startProxy(t, controller.url)
  const kubectl = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await api.kubectl(args)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  await kubectl('apply', '-f', join(examples, '0-namespace.yaml'))
  await kubectl('apply', '-f', examples)
  const all = ['-n', 'shop', '--timeout=60s']
  await kubectl(
    'wait',
    '--for=condition=Enforced',
    'accesspolicies,agents,budgets',
    '--all',
    ...all,
  )

  const shown = async () => rows(await kubectl('get', 'writ', '-A'))
  await until(async () => (await shown()).every(row => row.join(' ').includes('True True True')))
  t.equal((await shown()).length, 9)

  const proxies = async () =>
    rows(await kubectl('get', 'accesspolicies', '-A', '-o', 'wide', '--show-kind')).map(row =>
      row
        .join(' ')
        .match(/\d+\/\d+ proxies enforce sha256:[0-9a-f]{12}…/)?.[0]
        .slice(0, 19),
    )
  t.strictSame(await proxies(), ['2/2 proxies enforce', '2/2 proxies enforce'])

  second.signal('SIGSTOP')
  await until(async () => (await proxies()).every(text => text === '1/2 proxies enforce'))
  const waiting = await api.kubectl([
    'wait',
    '--for=condition=Enforced=false',
    'accesspolicies',
    '--all',
    ...all,
  ])
  t.equal(waiting.code, 0, 'a proxy that is silent for longer than its lease is not counted')

  second.signal('SIGCONT')
  await until(async () => (await proxies()).every(text => text === '2/2 proxies enforce'))
  t.match(await kubectl('get', 'events', '-n', 'shop'), /Normal +Programmed +accesspolicy\/tools/)
})
