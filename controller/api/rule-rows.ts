import { listOf } from '../../policy/decide/table-shape.ts'
import { type CallKind, callKinds } from '../../schemas/call-kind.ts'
import type { RuleTable, TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import { placeIn } from './tables-seen.ts'

/** Something of a table as the API tells it: what is told, the words it is found by, and the key it is sorted by. */
interface Row<Answer> {
  readonly answer: Answer
  readonly words: Readonly<Record<string, string | undefined>>
  readonly key: string
}

export type ToolRow = Row<ReturnType<typeof toolAnswer>>
export type RuleRow = Row<ReturnType<typeof ruleAnswer>>

/** What the policies of a table say of tools. */
export function toolRows(table: RuleTable): readonly ToolRow[] {
  return placesIn(table)
    .filter(({ kind }) => kind === 'tool')
    .map(place => {
      const { policy, entry } = place
      const answer = toolAnswer(place)
      const words = { policy: policy.name, server: serverOf(entry), tool: entry.match }
      return { answer, words, key: keyOf(place) }
    })
}

/** The rules of the policies of a table. */
export function ruleRows(table: RuleTable): readonly RuleRow[] {
  return placesIn(table).flatMap(place =>
    place.entry.rules.map((rule, i) => {
      const { kind, policy, entry } = place
      const answer = ruleAnswer(place, rule, i)
      const words = {
        ...{ kind, policy: policy.name, server: serverOf(entry), match: entry.match },
        ...{ action: rule.action, toolConfiguration: answer.toolConfiguration },
      }
      return { answer, words, key: `${keyOf(place)} ${padded(i)}` }
    }),
  )
}

/** An entry, and where it stands. */
interface Place {
  readonly table: RuleTable
  readonly policy: TablePolicy
  readonly kind: CallKind
  readonly entry: TableEntry
  readonly index: number
}

function placesIn(table: RuleTable): readonly Place[] {
  return table.policies.flatMap(policy =>
    callKinds
      .toSorted()
      .flatMap(kind =>
        policy[listOf[kind]].map((entry, index) => ({ table, policy, kind, entry, index })),
      ),
  )
}

function toolAnswer(place: Place) {
  const { policy, entry } = place
  const { justification, description } = entry
  const rest = entry.otherwise ?? policy.unmatched
  const asked = [...entry.rules, rest].flatMap(({ workflows }) => workflows)
  return {
    ...common(place, entry.at),
    id: idOf(place),
    toolName: entry.match,
    toolSource: serverOf(entry) ?? 'mcp',
    isEnabled: entry.enabled,
    justificationMode: justification === 'off' ? ('disabled' as const) : justification,
    approvalWorkflows: [...new Set(asked)],
    ...(description !== undefined && { description }),
    accessRules: entry.rules.length,
  }
}

function ruleAnswer(place: Place, rule: TableRule, index: number) {
  const { kind, entry } = place
  const { name, action, source, when, message, workflows } = rule
  const server = serverOf(entry)
  return {
    ...common(place, rule.at),
    id: `${idOf(place)}:${index}`,
    kind,
    match: entry.match,
    ...(server !== undefined && { server }),
    ...(kind === 'tool' && { toolConfiguration: idOf(place) }),
    name,
    priority: index,
    action,
    ...(source !== undefined && { conditionExpression: source }),
    conditionType: when?.op === 'simple' ? ('simple' as const) : ('cel' as const),
    ...(message !== undefined && { description: message }),
    isEnabled: entry.enabled,
    approvalWorkflows: workflows,
  }
}

function common({ table, policy }: Place, at: TableEntry['at']) {
  const { name, mode, subjects } = policy
  return {
    namespace: table.namespace,
    policy: name,
    mode,
    ...(subjects && { subjects }),
    at: placeIn(table, at),
  }
}

function serverOf({ server }: TableEntry): string | undefined {
  return server
}

function idOf({ table, policy, kind, index }: Place): string {
  return `${table.namespace}:${policy.name}:${kind}:${index}`
}

function keyOf({ table, policy, kind, index }: Place): string {
  return [table.namespace, policy.name, kind, padded(index)].join(' ')
}

function padded(index: number): string {
  return String(index).padStart(6, '0')
}
