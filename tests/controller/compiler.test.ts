import t, { type Test } from 'tap'
import { type Compiler, openCompiler } from '../../controller/compile/compiler.ts'
import { compile } from '../../policy/compile/compile.ts'
import { policy } from './documents.ts'

const { signal } = new AbortController()

function open(t: Test): Compiler {
  const compiler = openCompiler()
  t.teardown(() => compiler.close())
  return compiler
}

const rule = '{ when: args.path == "/tmp", action: deny }'

/** Files whose compilation takes a while. */
function large() {
  const rules = Array.from({ length: 3000 }, () => rule).join(', ')
  return [{ path: 'large.yaml', text: policy('large', rules) }]
}

t.test('the thread answers as the compiler does', async t => {
  const compiler = open(t)
  const files = [
    { path: 'a.yaml', text: policy('a', rule), commit: 'c0ffee' },
    { path: 'b.yaml', text: policy('b', rule, 'other') },
  ]
  const catalog = new Map([['default/files', [{ name: 'read_file' }]]])
  const { problems, tables, directories } = compile(files, { catalog })
  t.strictSame(await compiler.compile({ files, options: { catalog } }, signal), {
    problems,
    tables: [...(tables ?? [])].map(([namespace, { json, digest }]) => [
      namespace,
      { json, digest },
    ]),
    directories,
  })
  const broken = await compiler.compile(
    { files: [{ path: 'c.yaml', text: '[' }], options: {} },
    signal,
  )
  t.match(broken, { tables: null, problems: [{ severity: 'error', file: 'c.yaml' }] })
})

t.test('the event loop turns while it compiles, and the same is not compiled twice', async t => {
  const compiler = open(t)
  const question = { files: large(), options: {} }
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  t.teardown(() => clearInterval(timer))
  const first = await compiler.compile(question, signal)
  t.ok(turns > 10, `${turns} turns`)
  t.ok(first.tables !== null, JSON.stringify(first.problems))
  t.equal(await compiler.compile({ files: large(), options: {} }, signal), first, 'remembered')
})

t.test('a compilation that is aborted ends, and the next question is answered', async t => {
  const compiler = open(t)
  const stop = new AbortController()
  const aborted = compiler.compile({ files: large(), options: {} }, stop.signal)
  setTimeout(() => stop.abort(), 20)
  await t.rejects(aborted, { name: 'AbortError' })
  await t.rejects(compiler.compile({ files: [], options: {} }, stop.signal), { name: 'AbortError' })
  t.strictSame(await compiler.compile({ files: [], options: {} }, signal), {
    problems: [],
    tables: [],
    directories: [],
  })
})
