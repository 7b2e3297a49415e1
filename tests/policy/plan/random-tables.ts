import { compile } from '../../../policy/compile/compile.ts'
import { actions } from '../../../schemas/action.ts'
import type { Call } from '../../../schemas/call.ts'
import type { Expression } from '../../../schemas/expression.ts'
import type {
  Fallback,
  RuleTable,
  TableEntry,
  TablePolicy,
  TableRule,
} from '../../../schemas/rule-table.ts'

type Random = () => number

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const a = Math.imul(state ^ (state >>> 15), state | 1)
    const b = a ^ (a + Math.imul(a ^ (a >>> 7), a | 61))
    return ((b ^ (b >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Every call of a small world: all names, servers, callers, arguments and reasons that tables tell apart. */
export const everyCall: readonly Call[] = ['a', 'b', 'ab', 'aab'].flatMap(tool =>
  ['s', 'builtin', 'o'].flatMap(server =>
    [
      { agent: 'a', apiKey: 'k' },
      { agent: 'ab', apiKey: 'l' },
      { agent: 'c', apiKey: 'k' },
    ].flatMap(subject =>
      [
        {},
        { n: 1, s: 'x' },
        { n: 2, s: 'y' },
        { s: 3, n: 'q' },
        { n: 2, s: 'xz', flag: true },
      ].flatMap(args =>
        ['', 'x'].map(justification => ({
          tool,
          server,
          subject,
          args,
          request: { justification },
        })),
      ),
    ),
  ),
)

const sources = [
  'args.n > 1',
  'args.n > 2',
  'args.n >= 2',
  '2 > args.n',
  'args.s == "x"',
  'args.s in ["x", "y"]',
  'args.s in []',
  'args.s != "x"',
  'has(args.s)',
  'args.flag',
  'args.flag == true',
  'subject.agent == "a"',
  'tool.name == "ab"',
  'tool.readOnly',
  'session.toolCalls < 1',
  'request.justification != ""',
  'args.s.contains("x")',
  'size(args) > 1',
  '[1, 2].exists(i, i < args.n)',
  'args.n > 1 ? args.s == "x" : args.flag',
]

const parsed: readonly Expression[] = expressionsOf(sources)

/** The conditions as the compiler writes them. */
function expressionsOf(conditions: readonly string[]): readonly Expression[] {
  const rules = conditions.map(when => ({ when, action: 'deny' }))
  const text = JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'p' },
    spec: { tools: [{ name: '*', rules }] },
  })
  const { tables, problems } = compile([{ path: 'p.yaml', text }])
  const written = tables?.get('default')?.table.policies[0]?.tools[0]?.rules ?? []
  if (written.length < conditions.length) throw new Error(JSON.stringify(problems))
  return written.flatMap(({ when }) => when ?? [])
}

const at = [0, 1, 1] as const
const globs = ['*', 'a*', '*b', 'ab', 'b', 'a', 'a*b', '*a*', 'ab*', '*ab']

/** Tables of a small world, and others that are one or two edits away. */
export function randomTables(random: Random) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const chance = (share: number) => random() < share
  const some = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make)
  const call = (fn: string, ...args: Expression[]): Expression => ({
    op: 'call',
    fn,
    args,
    at: [0, 0],
  })
  const condition = (): Expression => {
    if (chance(0.6)) return pick(parsed)
    if (chance(0.15)) return call('!_', condition())
    return call(pick(['_&&_', '_||_']), condition(), condition())
  }
  const fallback = (): Fallback => {
    const action = pick(actions)
    return {
      action,
      workflows: action === 'require_approval' ? some(2, () => pick(['v', 'w'])) : [],
    }
  }
  const rule = (): TableRule => ({
    name: pick(['r', 's', 't']),
    ...(chance(0.75) && { when: condition(), source: 'random' }),
    ...fallback(),
    at,
  })
  const entry = (): TableEntry => ({
    match: pick(globs),
    ...(chance(0.3) && { server: pick(['s', 'builtin']) }),
    ...(chance(0.1) && { notServer: pick(['s', 'builtin']) }),
    enabled: !chance(0.1),
    justification: chance(0.2) ? pick(['required', 'optional', 'off'] as const) : 'off',
    rules: some(2, rule),
    ...(chance(0.1) && { otherwise: fallback() }),
    ...(chance(0.1) && { onError: fallback() }),
    at,
  })
  const subjects = () => ({
    ...(chance(0.7) && { agents: [pick(['a', 'a*', '*b', 'b', '*'])] }),
    ...(chance(0.4) && { apiKeys: [pick(['k', 'k*', 'l'])] }),
  })
  const policy = (name: string): TablePolicy => ({
    name,
    ...(chance(0.2) && { system: true }),
    mode: chance(0.1) ? 'observe' : 'enforce',
    ...(chance(0.4) && { subjects: subjects() }),
    unmatched: chance(0.6) ? fallback() : { action: 'deny', workflows: [] },
    onError: chance(0.8) ? { action: 'deny', workflows: [] } : fallback(),
    tools: some(2, entry),
    models: [],
    resources: [],
    prompts: [],
    at,
  })
  const table = (policies: readonly TablePolicy[]): RuleTable => ({
    format: 'writ.dev/rule-table/v1',
    namespace: 'default',
    files: [{ path: 'p.yaml' }],
    policies,
    servers: [],
    agents: [],
    workflows: [],
    providers: [],
    budgets: [],
  })
  const replaced = <T>(list: readonly T[], edit: (item: T) => readonly T[]): readonly T[] => {
    const index = Math.floor(random() * list.length)
    return list.flatMap((item, i) => (i === index ? edit(item) : [item]))
  }
  const inserted = <T>(list: readonly T[], item: T): readonly T[] =>
    list.toSpliced(Math.floor(random() * (list.length + 1)), 0, item)

  const editedRule = (old: TableRule): readonly TableRule[] =>
    pick([
      () => [],
      () => [{ ...old, ...fallback() }],
      () => [{ ...old, ...fallback() }],
      () => {
        const { when = pick(parsed) } = old
        return [{ ...old, source: 'random', when: call(pick(['_&&_', '_||_']), when, condition()) }]
      },
      () => [{ ...old, source: 'random', when: condition() }],
    ])()
  const editedEntry = (old: TableEntry): readonly TableEntry[] =>
    pick([
      () => [],
      () => [{ ...old, enabled: !old.enabled }],
      () => [{ ...old, justification: pick(['required', 'optional', 'off'] as const) }],
      () => [{ ...old, rules: old.rules.toReversed() }],
      () => [{ ...old, rules: inserted(old.rules, rule()) }],
      () => [{ ...old, rules: replaced(old.rules, editedRule) }],
      () => [{ ...old, rules: replaced(old.rules, editedRule) }],
      () => [{ ...old, rules: replaced(old.rules, editedRule) }],
    ])()
  const editedPolicy = (old: TablePolicy): readonly TablePolicy[] =>
    pick([
      () => [],
      () => [{ ...old, unmatched: fallback() }],
      () => [{ ...old, onError: fallback() }],
      () => [{ ...old, subjects: subjects() }],
      () => [{ ...old, tools: inserted(old.tools, entry()) }],
      () => [{ ...old, tools: old.tools.toReversed() }],
      ...Array(6).fill(() => [{ ...old, tools: replaced(old.tools, editedEntry) }]),
    ])()
  const edited = (policies: readonly TablePolicy[]): readonly TablePolicy[] =>
    chance(0.1) ? [...policies, policy(`q${policies.length}`)] : replaced(policies, editedPolicy)

  return {
    pair(): readonly [RuleTable, RuleTable] {
      const before = ['p0', 'p1', 'p2'].slice(0, 1 + Math.floor(random() * 3)).map(policy)
      const after = chance(0.5) ? edited(before) : edited(edited(before))
      return [table(before), table(after)]
    },
  }
}
