import t, { type Test } from 'tap'
import { type Compiler, openCompiler } from '../../controller/compile/compiler.ts'
import { statesIn } from '../../controller/compile/plan-question.ts'
import { compile } from '../../policy/compile/compile.ts'
import { planAll } from '../../policy/plan/plan.ts'
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

/** A namespace as it is compiled from a policy with these rules. */
function stateOf(rules: string) {
  const { tables, directories } = compile([{ path: 'a.yaml', text: policy('a', rules) }])
  return directories.map(directory => ({
    table: tables?.get(directory.namespace)?.json ?? '',
    directory,
  }))
}

t.test('questions that are asked at once are answered one by one, each its own', async t => {
  const compiler = open(t)
  const ask = (namespace: string) => {
    const files = [{ path: 'a.yaml', text: policy('a', rule, namespace) }]
    return compiler.compile({ files, options: {} }, signal)
  }
  const [one, plans, two] = await Promise.all([
    ask('one'),
    compiler.plan({ before: [], after: stateOf(rule) }, signal),
    ask('two'),
  ])
  const namesIn = ({ directories }: typeof one) => directories.map(({ namespace }) => namespace)
  t.strictSame([namesIn(one), namesIn(two)], [['one'], ['two']])
  t.strictSame(
    plans.plans.map(({ namespace }) => namespace),
    ['default'],
  )
})

t.test('the thread compares as the plan does', async t => {
  const compiler = open(t)
  const question = { before: stateOf(rule), after: stateOf(rule.replace('deny', 'allow')) }
  const { before, after } = question
  const plans = await compiler.plan(question, signal)
  t.strictSame(plans, planAll(statesIn(before), statesIn(after)))
  t.match(plans, { narrows: 'unproven', plans: [{ changes: [{ effect: 'widening' }] }] })
})

t.test('a comparison that takes too long is given up while others go on', async t => {
  const limits = [new AbortController(), new AbortController()]
  const left = [...limits]
  const compiler = openCompiler({ limit: () => left.shift()?.signal ?? signal })
  t.teardown(() => compiler.close())
  const question = { before: stateOf(rule), after: stateOf(`${rule}, { action: allow }`) }
  const planned = compiler.plan(question, signal)
  const compiled = compiler.compile({ files: large(), options: {} }, signal)
  const next = compiler.plan(question, signal)
  // Nothing but the limit ends it: that it comes to pass shows that the loop of the controller turns.
  setImmediate(() => {
    for (const limit of limits) limit.abort()
  })
  await t.rejects(planned, { name: 'ControllerFailure', code: 'plan_failed' })
  await t.rejects(compiled, { name: 'ControllerFailure', code: 'compile_failed' })
  t.match(await next, { narrows: 'unproven' }, 'a new thread answers what comes after')
})

t.test('what cannot be compared is a failure, not an answer', async t => {
  const compiler = open(t)
  const [state] = stateOf(rule)
  const question = { before: [], after: state === undefined ? [] : [{ ...state, table: '{' }] }
  await t.rejects(compiler.plan(question, signal), { code: 'plan_failed' })
})

t.test('a compiler that was closed answers nothing', async t => {
  const compiler = openCompiler()
  const waiting = compiler.compile({ files: large(), options: {} }, signal)
  const next = compiler.plan({ before: [], after: [] }, signal)
  const refused = [
    t.rejects(waiting, { code: 'compile_failed' }),
    t.rejects(next, { code: 'plan_failed' }),
  ]
  await compiler.close()
  await Promise.all(refused)
})
