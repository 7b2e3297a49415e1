import t from 'tap'
import { load } from '../../../policy/decide/load.ts'
import { compareDecisions } from '../../../policy/plan/decisions.ts'
import { exampleOf } from '../../../policy/plan/examples.ts'
import { plan } from '../../../policy/plan/plan.ts'
import { resource, stateOf } from './states.ts'

/** Policies that all speak of every tool, each with conditions of its own. */
const many = (count: number, rules: number, action: (policy: number, rule: number) => string) =>
  stateOf(
    ...Array.from({ length: count }, (_, i) =>
      resource('AccessPolicy', `p${i}`, {
        tools: [
          {
            name: '*',
            rules: Array.from({ length: rules }, (_, j) => ({
              when: `args.f${i} == "v${j}"`,
              action: action(i, j),
            })),
          },
        ],
      }),
    ),
  )

t.test('policies that did not change are not looked into where that takes too long', async t => {
  const before = many(8, 12, () => 'allow')
  const after = many(8, 12, (policy, rule) => (policy === 0 && rule === 0 ? 'deny' : 'allow'))
  t.match(plan(before, after), { narrows: 'proved', gaveUp: undefined })
  t.equal(plan(after, before).narrows, 'unproven')
})

t.test('what is too much is said, and counts as unproven', async t => {
  const [before, after] = [many(8, 12, () => 'allow'), many(8, 12, () => 'require_approval')]
  const { narrows, gaveUp, changes } = plan(before, after)
  t.strictSame({ narrows, gaveUp }, { narrows: 'unproven', gaveUp: true })
  t.match(
    changes.find(({ effect }) => effect === 'either')?.message,
    /^any tool: too much to compare, so nothing is proved$/,
  )
})

t.test('with little fuel nothing is claimed', async t => {
  const keys = (name: string, apiKeys: readonly string[], action: string) =>
    resource('AccessPolicy', name, {
      subjects: { agents: ['ab*', '*ba'], apiKeys },
      tools: [{ name: 't', rules: [{ when: 'args.n == 1 && args.m == 1', action }] }],
    })
  const state = (action: string) =>
    stateOf(keys('p', ['k'], action), keys('q', ['l*', 'k'], action))
  const [{ table: before }, { table: after }] = [state('deny'), state('allow')]
  const whole = compareDecisions(before, after, { left: 100_000 })
  t.strictSame(whole.unsure, [])
  for (let left = 0; left < 600; left += 7) {
    const { unsure, transitions } = compareDecisions(before, after, { left })
    t.ok(unsure.length > 0 || transitions.length === whole.transitions.length, `fuel ${left}`)
  }
})

t.test('no example is looked for without fuel', async t => {
  const state = (action: string) =>
    stateOf(
      resource('AccessPolicy', 'p', {
        tools: [{ name: 't', rules: [{ when: 'args.n == 1', action }] }],
      }),
    )
  const [{ table: before }, { table: after }] = [state('deny'), state('allow')]
  const { transitions } = compareDecisions(before, after, { left: 100_000 })
  const search = {
    before: load(JSON.stringify(before)),
    after: load(JSON.stringify(after)),
    known: { namespace: 'default', agents: [], servers: [], models: [], calls: [] },
    conditions: new WeakMap(),
  }
  const found = (left: number) =>
    transitions.map(transition => exampleOf({ ...search, fuel: { left } }, transition) !== null)
  t.strictSame(
    found(0),
    transitions.map(() => false),
  )
  t.ok(found(1000).every(Boolean))
})
