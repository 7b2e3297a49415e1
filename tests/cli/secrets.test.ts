import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { readValue } from '../../cli/secrets/read-value.ts'
import { sink, type Terminal } from '../../cli/terminal.ts'
import { writ } from './writ.ts'

function dataFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-secrets-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

t.test('a value is kept from standard input, listed by name, rotated and forgotten', async t => {
  const data = dataFolder(t)
  const run = (input: string, ...args: string[]) =>
    writ(['secrets', ...args, '--data', data], { input })
  t.match(await run('', 'list'), { code: 0, out: 'Nothing is kept.\n' })
  t.strictSame(await run('hunter2\n', 'set', 'github', 'token'), {
    code: 0,
    out: 'github/token is kept\n',
    err: '',
  })
  const again = await run('hunter3', 'set', 'github', 'token', '-o', 'json')
  const named = { namespace: 'default', name: 'github', key: 'token' }
  t.strictSame(JSON.parse(again.out), { ...named, outcome: 'replaced' })
  const listed = JSON.parse((await run('', 'list', '-o', 'json')).out)
  t.match(listed, { secrets: [{ ...named, at: String }] })
  t.notMatch(JSON.stringify(listed), 'hunter')
  const store = readFileSync(join(data, 'secrets/store.json'), 'utf8')
  t.match(await run('', 'rotate'), { code: 0, out: '1 value encrypted with a new key\n' })
  t.not(readFileSync(join(data, 'secrets/store.json'), 'utf8'), store)
  t.equal(readFileSync(join(data, '.gitignore'), 'utf8'), '*\n')
  t.match(await run('', 'delete', 'github', 'token'), { code: 0 })
  t.match(await run('', 'delete', 'github', 'token'), {
    code: 1,
    out: 'there is no github/token\n',
  })
})

t.test('misuse ends with 2 and says what to do', async t => {
  const data = dataFolder(t)
  const run = (input: string, args: string[], env = {}) =>
    writ(['secrets', ...args, '--data', data], { input, env })
  const wrong: readonly (readonly [string, string[], Record<string, string>?])[] = [
    ['', ['set', 'github', 'token']],
    ['\n', ['set', 'github', 'token']],
    ['value', ['set', 'github', 'token', 'value']],
    ['value', ['set', 'Github', 'token']],
    ['value', ['set', 'github']],
    ['x'.repeat(65_537), ['set', 'github', 'token']],
    ['value', ['set', 'github', 'token'], { WRIT_SECRET_KEY: 'short' }],
  ]
  for (const [input, args, env] of wrong) {
    const ended = await run(input, args, env)
    t.match(ended, { code: 2, out: '' }, args.join(' '))
    t.match(ended.err, /^writ: /)
    t.notMatch(ended.err, 'this should not have happened')
  }
  await run('value', ['set', 'github', 'token'])
  const other = await run('', ['list'], { WRIT_SECRET_KEY: 'A'.repeat(43) })
  t.match(other, { code: 2, err: /needs the key [0-9a-f]{16}; WRIT_SECRET_KEY holds another/ })
})

t.test('a key that is given is exchanged for the one on standard input', async t => {
  const data = dataFolder(t)
  const [first, second] = ['A'.repeat(43), 'B'.repeat(43)]
  const run = (args: string[], key: string, input = '') =>
    writ(['secrets', ...args, '--data', data], { input, env: { WRIT_SECRET_KEY: key } })
  t.equal((await run(['set', 'github', 'token'], first, 'value')).code, 0)
  const rotated = await run(['rotate'], first, second)
  t.match(rotated, { code: 0, out: /set WRIT_SECRET_KEY to it/ })
  t.equal((await run(['list'], first)).code, 2)
  t.equal((await run(['list'], second)).code, 0)
})

/** A keyboard and a screen, and whether what is typed is shown. */
function keyboard(t: Test) {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => raw.push(on),
  })
  const screen = new PassThrough()
  t.teardown(() => input.destroy())
  const nothing = () => undefined
  const terminal: Terminal = {
    out: sink(screen, {}),
    err: sink(screen, {}),
    input,
    env: {},
    progress: nothing,
    end: nothing,
  }
  return { input, terminal, raw, shown: () => String(screen.read() ?? '') }
}

t.test('what is typed at a terminal is not shown', async t => {
  const { input, terminal, raw, shown } = keyboard(t)
  const reading = readValue(terminal, 'Value: ')
  for (const typed of ['hunt', 'x\u007f', 'er', '✓', '\r', 'more']) input.write(typed)
  t.equal(await reading, 'hunter✓')
  t.equal(shown(), 'Value: \n')
  t.strictSame(raw, [true, false])
})

t.test('Ctrl-C at the prompt changes nothing, and an empty line is no value', async t => {
  const interrupted = keyboard(t)
  interrupted.input.write('hun\u0003')
  await t.rejects(readValue(interrupted.terminal, 'Value: '), { code: 'usage' })
  t.strictSame(interrupted.raw, [true, false])
  const empty = keyboard(t)
  empty.input.write('\n')
  await t.rejects(readValue(empty.terminal, 'Value: '), { code: 'usage' })
})
