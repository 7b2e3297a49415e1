import fc from 'fast-check'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { CautiousJudge } from '../../../policy/decide/cautious.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { explainShadowed } from '../../../policy/decide/explain.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { hide, type Reader, Unknown } from '../../../policy/decide/unknown.ts'
import type { Call } from '../../../schemas/call.ts'
import type { Decision } from '../../../schemas/decision.ts'
import { calls, policies, written } from './random-policies.ts'

function tableOf(text: string): LoadedTable {
  const { tables, problems } = compile([{ path: 'p.yaml', text }])
  const json = tables?.get('default')?.json
  if (json === undefined) throw new Error(JSON.stringify(problems))
  return load(json)
}

function policy(rules: readonly string[], more = ''): string {
  const list = rules.map(rule => `        - ${rule}`).join('\n')
  return `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p }
spec:
  tools:
    - name: pay
      rules:
${list}
${more}`
}

/** A call of which the arguments named are not known. */
function shadowed(call: Call, hidden: readonly string[], reasoned = false) {
  const facts = factsOf({ tool: 'pay', ...call, args: { ...call.args } })
  const reader: Reader = { met: null }
  for (const name of hidden) hide(facts.args, name, 'redacted', reader)
  return { facts, reader, reasoned }
}

/** What a judge says in short: the action and whom it asks, or why it says nothing. */
function told(decision: Decision | Unknown): string {
  if (decision instanceof Unknown) return `unknown: ${decision.why}`
  return decision.action === 'require_approval'
    ? `${decision.action} ${decision.workflows.join()}`
    : decision.action
}

function cautiously(text: string, call: Call, hidden: readonly string[]): string {
  return told(new CautiousJudge(tableOf(text)).decide(shadowed(call, hidden)))
}

t.test('what is not read does not matter', async t => {
  const text = policy(['{ when: args.amount > 5, action: deny }', '{ action: allow }'])
  t.equal(cautiously(text, { args: { amount: 9 } }, ['card']), 'deny')
  t.equal(cautiously(text, { args: { amount: 1 } }, ['card']), 'allow')
})

t.test('what hangs on a part that is not known is not decided', async t => {
  const text = policy(['{ when: args.card == "4111", action: deny }', '{ action: allow }'])
  t.equal(cautiously(text, {}, ['card']), 'unknown: redacted')
})

t.test('that a part is there is known', async t => {
  const text = policy(['{ when: has(args.card), action: deny }', '{ action: allow }'])
  t.equal(cautiously(text, {}, ['card']), 'deny')
})

t.test('one side of an or decides, whatever the other is', async t => {
  const either = 'args.card == "4111" || args.amount > 5'
  const text = policy([`{ when: '${either}', action: deny }`, '{ action: allow }'])
  t.equal(cautiously(text, { args: { amount: 9 } }, ['card']), 'deny')
  t.equal(cautiously(text, { args: { amount: 1 } }, ['card']), 'unknown: redacted')
})

t.test('a part that every way leads past does not matter', async t => {
  const text = policy([
    '{ name: first, when: args.card == "4111", action: deny }',
    '{ name: second, when: args.amount > 5, action: deny }',
    '{ action: allow }',
  ])
  const judge = new CautiousJudge(tableOf(text))
  const decision = judge.decide(shadowed({ args: { amount: 9 } }, ['card']))
  t.match(decision, { action: 'deny', reason: 'rule', rule: 'first' })
  t.equal(cautiously(text, { args: { amount: 1 } }, ['card']), 'unknown: redacted')
})

t.test('another policy that denies settles it', async t => {
  const text = `${policy(['{ when: args.card == "4111", action: deny }', '{ action: allow }'])}
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: q }
spec: { tools: [{ name: "*", rules: [{ action: deny }] }] }
`
  t.equal(cautiously(text, {}, ['card']), 'deny')
})

t.test('parts within lists, maps and texts are not known either', async t => {
  const conditions = [
    'args.list == ["a"]',
    '"a" in args.list',
    'args.list.exists(item, item == "a")',
    'args == {"list": ["a"]}',
    'args.list.join(",") == "a"',
    'args.list[0].startsWith("a")',
  ]
  for (const condition of conditions) {
    const text = policy([`{ when: '${condition}', action: deny }`, '{ action: allow }'])
    const call = shadowed({ args: { list: [''] } }, [])
    hide(Object(call.facts.args.list), 0, 'redacted', call.reader)
    t.equal(told(new CautiousJudge(tableOf(text)).decide(call)), 'unknown: redacted', condition)
  }
})

t.test('a condition of the portable language is no exception', async t => {
  const text = `version: "1.0"
metadata: { name: p, description: Payments. }
tools:
  - name: pay
    source: mcp
    conditions:
      - { expression: "args.card == '4111'", condition_type: simple, action: deny }
`
  t.equal(cautiously(text, {}, ['card']), 'unknown: redacted')
})

t.test('an error that is certain is one', async t => {
  const text = policy([
    '{ when: args.card == "4111", action: deny }',
    '{ when: args.amount > 5, action: allow }',
  ])
  t.equal(cautiously(text, { args: { amount: 'much' } }, ['card']), 'deny')
})

t.test('an error that may not have been come to is none yet', async t => {
  const text = policy([`{ when: 'args.card == "4111" || ${steps}', action: allow }`])
  const call = { args: { list: Array.from({ length: 400 }, () => 1) } }
  t.equal(cautiously(text, call, ['card']), 'unknown: redacted')
  t.equal(cautiously(text, { ...call, args: { ...call.args, card: '' } }, []), 'deny')
})

/** Takes more steps than an evaluation may. */
const steps = 'args.list.all(a, args.list.all(b, args.list.all(c, a + b + c > 0.0)))'

t.test('one judge decides one call after the other', async t => {
  const text = policy(['{ when: args.card == "4111", action: deny }', '{ action: allow }'])
  const judge = new CautiousJudge(tableOf(text))
  const decide = (call: Call, hidden: readonly string[]) =>
    told(judge.decide(shadowed(call, hidden)))
  t.equal(decide({}, ['card']), 'unknown: redacted')
  t.equal(decide({}, ['card']), 'unknown: redacted')
  t.equal(decide({ args: { card: '4111' } }, []), 'deny')
})

t.test('a reason that nobody knows any more was given', async t => {
  const text = policy(['{ action: allow }'], '      justification: required')
  const judge = new CautiousJudge(tableOf(text))
  const call = shadowed({}, [], true)
  hide(call.facts.request, 'justification', 'redacted', call.reader)
  t.equal(told(judge.decide(call)), 'allow')
  t.equal(told(judge.decide(shadowed({}, []))), 'deny')
  const unread = policy(
    ['{ when: args.card == "4111", action: deny }', '{ action: allow }'],
    '      justification: required',
  )
  t.equal(cautiously(unread, {}, ['card']), 'deny')
})

t.test('a tool that is switched off is refused whatever is not known', async t => {
  const observed = `${policy(['{ action: allow }'], '      enabled: false')}
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: q }
spec:
  mode: observe
  tools: [{ name: "*", rules: [{ when: args.card == "4111", action: deny }] }]
`
  t.equal(cautiously(observed, {}, ['card']), 'deny')
})

t.test('a fault of the evaluation itself is not taken for something unknown', async t => {
  const judge = new CautiousJudge(tableOf(policy(['{ action: allow }'])))
  const call = shadowed({}, [])
  const fault = new RangeError('a fault')
  Object.defineProperty(call.facts.subject, 'agent', {
    get() {
      throw fault
    },
  })
  t.throws(() => judge.decide(call), fault)
})

t.test('more ways than can be looked at are not looked at', async t => {
  const unsure = Array.from(
    { length: 12 },
    (_, i) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p${i} }
spec: { tools: [{ name: "*", rules: [{ when: args.card == "${i}", action: deny }, { action: deny }] }] }
`,
  )
  t.equal(cautiously(unsure.slice(0, 2).join('---\n'), {}, ['card']), 'deny')
  t.equal(cautiously(unsure.join('---\n'), {}, ['card']), 'unknown: redacted')
})

/** Everything that the hidden parts of random calls may have been. */
const values = { n: [-1, 0, 1, 2, 'text'], s: ['x', 'y', 3], reason: ['no', 'ticket 7'] } as const

t.test('what is decided holds whatever the hidden parts were', async t => {
  let decided = 0
  let all = 0
  fc.assert(
    fc.property(policies, calls, fc.boolean(), (list, call, hideReason) => {
      const table = tableOf(written(list))
      const hidden = Object.keys(call.args ?? {}).filter(name => name === 'n' || name === 's')
      const shadow = shadowed({ tool: '', ...call }, hidden, hideReason || isGiven(call))
      if (hideReason) hide(shadow.facts.request, 'justification', 'redacted', shadow.reader)
      const decision = new CautiousJudge(table).decide(shadow)
      all++
      if (decision instanceof Unknown) return true
      decided++
      return ways(call, hidden, hideReason).every(
        facts => told(decide(table, facts)) === told(decision),
      )
    }),
    { numRuns: 1000, seed: 11 },
  )
  t.ok(decided > all / 3, `${decided} of ${all} are decided`)
})

function isGiven({ request }: Call): boolean {
  return (request?.justification ?? '').trim() !== ''
}

function ways(call: Call, hidden: readonly string[], reason: boolean): readonly Facts[] {
  let ways: readonly Call[] = [call]
  for (const name of hidden) {
    ways = ways.flatMap(way =>
      values[name as 'n' | 's'].map(value => ({ ...way, args: { ...way.args, [name]: value } })),
    )
  }
  if (reason) {
    ways = ways.flatMap(way =>
      values.reason.map(justification => ({ ...way, request: { ...way.request, justification } })),
    )
  }
  return ways.map(way => factsOf({ tool: '', ...way }))
}

t.test('with nothing hidden it decides as everybody does', async t => {
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      const table = tableOf(written(list))
      const decision = new CautiousJudge(table).decide(shadowed({ tool: '', ...call }, []))
      return t.strictSame(decision, decide(table, factsOf({ tool: '', ...call })))
    }),
    { numRuns: 200, seed: 5 },
  )
})

t.test('what was looked at is told, and what of it is not known', async t => {
  const table = tableOf(
    policy([
      '{ name: card, when: args.card == "4111", action: deny }',
      '{ name: much, when: args.amount > 5, action: deny }',
      '{ name: rest, action: allow }',
    ]),
  )
  const judge = new CautiousJudge(table)
  const call = shadowed({ args: { amount: 9, card: 'x' } }, ['card'])
  t.match(explainShadowed(table, judge, call), [
    {
      ...{ policy: 'p', verdict: 'deny', reason: 'rule' },
      rules: [
        {
          ...{ rule: 'card', outcome: 'unknown', unknown: 'redacted' },
          parts: [{ value: 'not known: redacted' }, { text: 'args.card', value: /not known/ }],
        },
        { rule: 'much', outcome: 'matched', parts: [{ value: 'true' }, { value: '9' }] },
        { rule: 'rest', outcome: 'not_reached', parts: [] },
      ],
    },
  ])
})

t.test('a part that holds what is not known is shown to do so', async t => {
  const table = tableOf(policy(['{ name: list, when: size(args.list) > 1, action: deny }']))
  const facts = factsOf({ tool: 'pay', args: { list: [1, 2] } })
  const reader: Reader = { met: null }
  hide(facts.args.list as object, 1, 'redacted', reader)
  const call = { facts, reader, reasoned: false }
  t.match(explainShadowed(table, new CautiousJudge(table), call), [
    { verdict: 'deny', rules: [{ parts: [{}, {}, { value: 'not known: redacted' }] }] },
  ])
})

t.test(
  'what an entry says is told where it hangs on nothing, and doubted where it does',
  async t => {
    const verdicts = (rules: readonly string[], more = '') => {
      const table = tableOf(policy(rules, more))
      const call = shadowed({ args: { card: 'x' } }, ['card'])
      const traces = explainShadowed(table, new CautiousJudge(table), call)
      return traces.map(({ verdict, reason }) => ({ verdict, reason }))
    }
    const onCard = (action: string) => `{ when: args.card == "x", action: ${action} }`
    t.strictSame(verdicts([onCard('allow'), '{ action: allow }']), [
      { verdict: 'unknown', reason: null },
    ])
    t.strictSame(verdicts([onCard('deny'), '{ action: deny }']), [
      { verdict: 'deny', reason: 'rule' },
    ])
    t.strictSame(verdicts([onCard('deny')]), [{ verdict: 'unknown', reason: null }])
    t.strictSame(verdicts(['{ when: "false", action: deny }']), [
      { verdict: 'abstain', reason: 'unmatched' },
    ])
  },
)

t.test('a part that fails otherwise is not shown as one that is not known', async t => {
  const table = tableOf(policy(['{ name: list, when: size(args.list) > 1, action: deny }']))
  const facts = factsOf({ tool: 'pay', args: { list: [1, 2] } })
  const get = () => {
    throw new RangeError('no such thing')
  }
  Object.defineProperty(facts.args.list as object, 1, { enumerable: true, get })
  const call = { facts, reader: { met: null }, reasoned: false }
  t.throws(
    () => explainShadowed(table, new CautiousJudge(table), call),
    new RangeError('no such thing'),
  )
})
