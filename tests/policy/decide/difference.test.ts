import fc from 'fast-check'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { difference } from '../../../policy/decide/difference.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { strictness } from '../../../schemas/action.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { calls, policies, type RandomPolicy, written } from './random-policies.ts'

function tableOf(...resources: readonly string[]): RuleTable {
  const text = resources
    .map(resource => `apiVersion: writ.dev/v1alpha1\n${resource}`)
    .join('\n---\n')
  const { tables, problems } = compile([{ path: 'p.yaml', text }])
  const table = tables?.get('default')?.table
  if (table === undefined) throw new Error(JSON.stringify(problems))
  return table
}

const named = (name: string, spec: string) =>
  `kind: AccessPolicy\nmetadata: { name: ${name} }\nspec: ${spec}`

const policy = (spec: string) => tableOf(named('p', spec))

const changes = (before: RuleTable, after: RuleTable) =>
  difference(before, after).map(({ effect, message }) => `${effect}: ${message}`)

const tools = (entries: string) => policy(`{ tools: [${entries}] }`)

t.test('equal tables have no difference, wherever they were written', async t => {
  const before = tools('{ name: t, rules: [{ action: allow }] }')
  const after = tools('\n\n  { name: t,\n rules: [{ action: allow }] }')
  t.strictSame(difference(before, after), [])
})

t.test('what a rule does now and did before is said in words', async t => {
  const before = tools(
    '{ name: deploy_*, server: builtin, rules: [{ name: needs-a-person, action: require_approval }] }',
  )
  const after = tools(
    '{ name: deploy_*, server: builtin, rules: [{ name: needs-a-person, action: allow }] }',
  )
  t.strictSame(difference(before, after), [
    {
      effect: 'widening',
      policy: 'p',
      message: 'deploy_* on builtin: needs-a-person was require_approval, now allow',
    },
  ])
  t.strictSame(changes(after, before), [
    'narrowing: deploy_* on builtin: needs-a-person was allow, now require_approval',
  ])
})

t.test('what widens comes first', async t => {
  const before = tools(
    '{ name: a, rules: [{ action: allow, message: x }] }, { name: b, rules: [{ action: allow }] }, { name: c, rules: [{ action: deny }] }',
  )
  const after = tools(
    '{ name: a, rules: [{ action: allow, message: y }] }, { name: b, rules: [{ action: deny }] }, { name: c, rules: [{ action: allow }] }',
  )
  t.strictSame(changes(before, after), [
    'widening: c: rules[0] was deny, now allow',
    'narrowing: b: rules[0] was allow, now deny',
    'neutral: a: message of rules[0] changed',
  ])
})

t.test('rules that come and go are judged by what they displace', async t => {
  const rules = (list: string) => tools(`{ name: t, rules: [${list}] }`)
  const none = rules('')
  const deny = rules('{ name: r, when: args.n == 1, action: deny }')
  const ask = rules('{ name: r, when: args.n == 1, action: require_approval }')
  const allow = rules('{ name: r, when: args.n == 1, action: allow }')
  const askThenAllow = rules(
    '{ name: r, when: args.n == 1, action: require_approval }, { name: s, action: allow }',
  )
  t.strictSame(changes(none, deny), ['narrowing: t: r is new'])
  t.strictSame(changes(none, ask), ['widening: t: r is new'])
  t.strictSame(changes(deny, none), ['widening: t: r is gone'])
  t.strictSame(changes(allow, none), ['narrowing: t: r is gone'])
  t.strictSame(changes(ask, askThenAllow), ['widening: t: s is new'])
  t.strictSame(changes(rules('{ name: s, action: allow }'), askThenAllow), [
    'widening: t: r is new',
  ])
})

t.test('conditions, order, workflows and switches are seen', async t => {
  const workflow = (name: string) => `kind: ApprovalWorkflow\nmetadata: { name: ${name} }\nspec: {}`
  const with_ = (spec: string) => tableOf(named('p', spec), workflow('v'), workflow('w'))
  const before = with_(
    `
    tools:
      - { name: a, rules: [{ name: r, when: args.n == 1, action: deny }, { name: s, action: deny }] }
      - { name: b, approvalWorkflow: v, rules: [{ action: require_approval }] }
      - { name: c, justification: required }
      - { name: d, enabled: false }
      - { name: e }
      - { name: f }
      - { name: f, rules: [{ action: allow }] }`.replaceAll('\n    ', '\n  '),
  )
  const after = with_(
    `
    tools:
      - { name: a, rules: [{ name: s, action: deny }, { name: r, when: args.n == 2, action: deny }] }
      - { name: b, rules: [{ action: require_approval }] }
      - { name: d }
      - { name: c }
      - { name: e, enabled: false, justification: required }
      - { name: f }
      - { name: f, rules: [{ when: args.n == 1, action: allow }] }
      - { name: g, enabled: false }
      - { name: h, rules: [{ action: allow }] }`.replaceAll('\n    ', '\n  '),
  )
  t.strictSame(changes(before, after), [
    'widening: a: r was when args.n == 1, now args.n == 2',
    'widening: a: rules are read in another order',
    'widening: b: rules[0] asked v, now the owners',
    'widening: d: enabled',
    'widening: c: justification was required, now off',
    'widening: f (2): rules[0] was when always, now args.n == 1',
    'widening: h is new',
    'widening: entries are read in another order',
    'narrowing: e: disabled',
    'narrowing: e: justification was off, now required',
    'narrowing: g is new',
  ])
  t.match(changes(after, before), [
    'widening: g is gone',
    'widening: a: r was when args.n == 2, now args.n == 1',
    'widening: a: rules are read in another order',
    'widening: b: rules[0] asked the owners, now v',
    'widening: e: enabled',
    'widening: e: justification was required, now off',
    'widening: f (2): rules[0] was when args.n == 1, now always',
    'widening: entries are read in another order',
    'narrowing: h is gone',
    'narrowing: c: justification was off, now required',
    'narrowing: d: disabled',
  ])
})

t.test('subjects, modes and defaults of policies are seen', async t => {
  const all = policy('{ defaults: { unmatched: allow } }')
  const some = policy('{ subjects: { agents: [web], apiKeys: [ci] } }')
  const watch = policy('{ mode: observe, subjects: { agents: [web] } }')
  t.strictSame(changes(all, some), [
    'widening: subjects were everybody, now agent web, key ci (for agent web, key ci)',
    'narrowing: what is unmatched was allow, now deny (for agent web, key ci)',
  ])
  t.strictSame(changes(some, watch), [
    'widening: mode was enforce, now observe (for agent web)',
    'widening: subjects were agent web, key ci, now agent web (for agent web)',
  ])
  t.strictSame(changes(watch, policy('{ subjects: { agents: [web] } }')), [
    'narrowing: mode was observe, now enforce (for agent web)',
  ])
  t.strictSame(changes(watch, policy('{ mode: observe }')), [
    'neutral: subjects were agent web, now everybody',
  ])
})

t.test('policies that come and go are judged by what they say', async t => {
  const empty = tableOf('kind: User\nmetadata: { name: u }\nspec: {}')
  const deny = policy('{ tools: [{ name: t, rules: [{ action: deny }] }] }')
  const allow = policy(
    '{ tools: [{ name: t, rules: [{ action: allow }] }], defaults: { unmatched: allow } }',
  )
  const watch = policy('{ mode: observe }')
  t.strictSame(changes(empty, deny), ['narrowing: the policy is new'])
  t.strictSame(changes(deny, empty), ['widening: the policy is gone'])
  t.strictSame(changes(empty, allow), ['widening: the policy is new'])
  t.strictSame(changes(allow, empty), ['narrowing: the policy is gone'])
  t.strictSame(changes(empty, watch), ['neutral: the policy is new'])
  t.strictSame(changes(watch, empty), ['neutral: the policy is gone'])
})

t.test('servers, agents and workflows are seen', async t => {
  const of = (kind: string, spec: string) => `kind: ${kind}\nmetadata: { name: x }\nspec: ${spec}`
  const all = tableOf(
    of('ToolServer', '{ url: "https://a.example" }'),
    of('Agent', '{}'),
    of('ApprovalWorkflow', '{}'),
  )
  const other = tableOf(
    of('ToolServer', '{ url: "https://b.example" }'),
    of('Agent', '{ kind: y }'),
    of('ApprovalWorkflow', '{ mode: async }'),
  )
  const none = tableOf(of('User', '{}'))
  t.strictSame(changes(none, all), [
    'widening: server x is new',
    'widening: agent x is new',
    'neutral: workflow x is new',
  ])
  t.strictSame(changes(all, none), [
    'narrowing: server x is gone',
    'narrowing: agent x is gone',
    'narrowing: workflow x is gone',
  ])
  t.strictSame(changes(all, other), [
    'widening: server x is not as it was',
    'widening: agent x is not as it was',
    'widening: workflow x is not as it was',
  ])
})

t.test('portable entries are seen with the servers they are for', async t => {
  const portable = (tools: string) => {
    const text = `version: "1.0"\nmetadata: { name: p }\ntools: [${tools}]\n`
    return compile([{ path: 'p.yaml', text }]).tables?.get('default')?.table as RuleTable
  }
  const before = portable(
    '{ name: t, source: mcp, description: old, conditions: [{ expression: a > 1, action: deny }] }',
  )
  const after = portable(
    '{ name: t, source: mcp, description: new, conditions: [{ expression: a > 1, action: deny }, { expression: "true" }] }',
  )
  t.strictSame(changes(before, after), [
    'narrowing: t on any server but builtin: conditions[1] is new',
    'neutral: t on any server but builtin: description changed',
  ])
  t.strictSame(changes(portable(''), portable('{ name: t, source: mcp }')), [
    'narrowing: t on any server but builtin is new',
  ])
})

t.test('an entry without an answer to every call gives way to those behind it', async t => {
  const last = '{ name: "*", rules: [{ action: allow }] }'
  const sure = '{ name: t, rules: [{ action: allow }] }'
  const unsure = '{ name: t, rules: [{ when: args.n == 1, action: allow }] }'
  const denies = '{ name: t, rules: [{ when: args.n == 1, action: deny }] }'
  t.strictSame(changes(tools(`${sure}, ${last}`), tools(last)), ['narrowing: t is gone'])
  t.strictSame(changes(tools(`${unsure}, ${last}`), tools(last)), ['widening: t is gone'])
  t.strictSame(changes(tools(`${last}`), tools(`${denies}, ${last}`)), ['widening: t is new'])
  t.strictSame(changes(tools(''), tools(denies)), ['narrowing: t is new'])
  t.strictSame(changes(tools('{ name: t }'), tools('{ name: t, justification: optional }')), [
    'neutral: t: justification was off, now optional',
  ])
})

t.test('a native policy in place of a portable one is seen', async t => {
  const text = 'version: "1.0"\nmetadata: { name: p }\ntools: [{ name: t }]\n'
  const portable = compile([{ path: 'p.yaml', text }]).tables?.get('default')?.table as RuleTable
  const native = policy('{ tools: [{ name: t, server: builtin }], defaults: { unmatched: allow } }')
  t.strictSame(changes(portable, native), [
    'widening: t on builtin: who decides without a match changed',
    'narrowing: what cannot be evaluated was require_approval, now deny',
  ])
})

t.test('no call is let through by a change that is not widening', async () => {
  const one = fc.record({
    what: fc.constantFrom(
      'entry gone',
      'entry new',
      'rule gone',
      'rule new',
      'mode',
      'policy gone',
    ),
    policy: fc.nat(4),
    entry: fc.nat(3),
    rule: fc.nat(2),
  })
  fc.assert(
    fc.property(
      policies,
      policies,
      one,
      fc.array(calls, { maxLength: 8 }),
      (list, donors, at, some) => {
        const [before, after] = [list, changed(list, donors, at)].map(loaded)
        const widened = some.some(call => {
          const was = before && decide(before, factsOf(call))
          const is = after && decide(after, factsOf(call))
          return (
            was &&
            is &&
            was.reason !== 'condition_error' &&
            strictness(is.action) < strictness(was.action)
          )
        })
        if (!widened || before === undefined || after === undefined) return true
        return difference(before.written, after.written)[0]?.effect === 'widening'
      },
    ),
    { numRuns: 1200, seed: 7 },
  )
})

function loaded(list: readonly RandomPolicy[]): LoadedTable & { written: RuleTable } {
  const compiled = compile([{ path: 'p.yaml', text: written(list) }])
  const json = compiled.tables?.get('default')?.json ?? ''
  return { ...load(json), written: JSON.parse(json) as RuleTable }
}

interface OneChange {
  readonly what: string
  readonly policy: number
  readonly entry: number
  readonly rule: number
}

/** The policies with one thing changed; what is new is borrowed from the donors. */
function changed(
  list: readonly RandomPolicy[],
  donors: readonly RandomPolicy[],
  at: OneChange,
): readonly RandomPolicy[] {
  if (at.what === 'policy gone') return list.filter((_, i) => i !== at.policy)
  return list.map((policy, i) => {
    if (i !== at.policy) return policy
    if (at.what === 'mode') {
      const mode = policy.spec.mode === 'observe' ? 'enforce' : 'observe'
      return { ...policy, spec: { ...policy.spec, mode } }
    }
    const tools = [...(policy.spec.tools ?? [])]
    const borrowed = donors[0]?.spec.tools?.[0]
    const entry = tools[at.entry]
    if (at.what === 'entry gone') tools.splice(at.entry, 1)
    if (at.what === 'entry new' && borrowed !== undefined) tools.splice(at.entry, 0, borrowed)
    if (at.what.startsWith('rule') && entry !== undefined) {
      const rules = [...(entry.rules ?? [])]
      if (at.what === 'rule gone') rules.splice(at.rule, 1)
      else rules.splice(at.rule, 0, ...(borrowed?.rules?.slice(0, 1) ?? []))
      tools[at.entry] = { ...entry, rules }
    }
    return { ...policy, spec: { ...policy.spec, tools } }
  })
}
