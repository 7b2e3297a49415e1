import { builtin, builtinTools } from '../../schemas/builtin-tool.ts'
import type { PortableCondition, PortableTool } from '../../schemas/portable-policy.ts'
import type { Fallback, TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import { glob } from '../decide/glob.ts'
import { isPath } from './access-policy-of.ts'
import type { ExportDifference } from './export-difference.ts'
import { isAboutArgs } from './is-about-args.ts'

/** Names of tools as clients see them, by server; a server whose tools are not known is not there. */
export type KnownNames = ReadonlyMap<string, readonly string[]>

/** The tools of a policy as the portable format lists them. */
export interface PortableTools {
  readonly tools: readonly PortableTool[]
  /** False when an entry could not be listed: what is not listed must be refused then. */
  readonly complete: boolean
  readonly differences: readonly ExportDifference[]
}

/** Lists the tools of a policy: the first entry that matches a tool speaks for it. */
export function portableTools(policy: TablePolicy, known: KnownNames): PortableTools {
  const tools: PortableTool[] = []
  const taken = new Set<string>()
  const globs = policy.tools.filter(isOpen)
  const differences: ExportDifference[] = globs.map(entry => globDifference(policy, entry, known))
  for (const entry of policy.tools) {
    const names = (namesOf(entry, known) ?? []).filter(named => !isTaken(named, taken))
    if (names.length === 0) continue
    const { differences: said, ...rules } = rulesOf(policy, entry)
    differences.push(...said)
    for (const { name, source } of names) {
      taken.add(`${source} ${name}`)
      tools.push({ name, source, ...rules })
    }
  }
  const complete = globs.length === 0
  return { tools, complete, differences: [...differences, ...generally(policy)] }
}

/** What an entry for every server says of a tool holds for that of one server as well. */
function isTaken({ name, source }: Named, taken: ReadonlySet<string>): boolean {
  return taken.has(`${source} ${name}`) || (source !== builtin && taken.has(`mcp ${name}`))
}

function rulesOf(policy: TablePolicy, entry: TableEntry) {
  const { enabled, justification } = entry
  const { conditions, workflow, differences } = conditionsOf(policy, entry)
  return {
    ...(!enabled && { enabled }),
    ...(justification !== 'off' && { justification }),
    ...(workflow !== undefined && { approval_workflow: workflow }),
    ...(conditions.length > 0 && { conditions: [...conditions] }),
    differences,
  }
}

interface Named {
  readonly name: string
  readonly source: string
}

/** The tools that an entry is about; null when nobody knows. */
function namesOf(
  { match, server, notServer }: TableEntry,
  known: KnownNames,
): readonly Named[] | null {
  const any = server === undefined
  if (!match.includes('*')) {
    if (!any) return [{ name: match, source: server }]
    const own = builtinTools.some(tool => tool === match) && notServer !== builtin
    return [...(own ? [{ name: match, source: builtin }] : []), { name: match, source: 'mcp' }]
  }
  const matches = glob(match)
  if (server === builtin)
    return builtinTools.filter(matches).map(name => ({ name, source: builtin }))
  const lists = [...known].filter(([source]) => any || source === server)
  if (lists.length === 0) return null
  return lists.flatMap(([source, names]) => names.filter(matches).map(name => ({ name, source })))
}

/** Whether tools that nobody knows yet may match. */
function isOpen({ match, server }: TableEntry): boolean {
  return match.includes('*') && server !== builtin
}

function globDifference(
  { name }: TablePolicy,
  entry: TableEntry,
  known: KnownNames,
): ExportDifference {
  const { match, server } = entry
  const where = server === undefined ? '' : ` of ${server}`
  const now =
    namesOf(entry, known) === null
      ? `It is not known which tools${where} ${match} matches`
      : `${match} is written as the tools${where} that it matches now`
  const message = `${now}; tools that are not listed are refused.`
  return { code: 'glob', effect: 'stricter', policy: name, message }
}

interface Conditions {
  readonly conditions: readonly PortableCondition[]
  readonly workflow: string | undefined
  readonly differences: readonly ExportDifference[]
}

const refused: PortableCondition = {
  expression: 'true',
  action: 'deny',
  description: 'What decides here cannot be said in this format.',
}

function conditionsOf(policy: TablePolicy, entry: TableEntry): Conditions {
  if (!entry.enabled) return { conditions: [], workflow: undefined, differences: [] }
  const rest = entry.otherwise ?? policy.unmatched
  const rules: readonly Said[] = [...entry.rules, ...(rest.action === 'allow' ? [] : [rest])]
  const workflow = rules.find(isAsking)?.workflows[0]
  const conditions: PortableCondition[] = []
  for (const rule of rules) {
    const why = unsayable(policy, entry, rule, workflow)
    if (why !== null) return { conditions: [...conditions, refused], workflow, differences: [why] }
    conditions.push(conditionOf(rule))
    if (rule.when === undefined) break
  }
  return { conditions: conditions.every(isFree) ? [] : conditions, workflow, differences: [] }
}

/** Whether a condition lets everything through, as no condition does. */
function isFree({ expression, action }: PortableCondition): boolean {
  return expression === 'true' && action === 'allow'
}

type Said = Fallback & Partial<Pick<TableRule, 'when' | 'source' | 'message' | 'name'>>

function isAsking({ action }: Fallback): boolean {
  return action === 'require_approval'
}

/** Why a rule cannot be said; null when it can. */
function unsayable(
  { name: policy }: TablePolicy,
  { match }: TableEntry,
  rule: Said,
  workflow: string | undefined,
): ExportDifference | null {
  const about = { effect: 'stricter', policy } as const
  if (isAsking(rule) && (rule.workflows.length > 1 || rule.workflows[0] !== workflow)) {
    const message = `Rules of ${match} ask different workflows; the later ones refuse.`
    return { code: 'workflows_of_tool', ...about, message }
  }
  if (rule.when === undefined || isAboutArgs(rule.when)) return null
  const message = `A condition of ${match} is about more than the arguments; from there on the tool is refused.`
  return { code: 'condition', ...about, message }
}

function conditionOf({ when, source = '', action, message }: Said): PortableCondition {
  const said = { action, ...(message !== undefined && { description: message }) }
  if (when === undefined) return { expression: 'true', ...said }
  if (when.op === 'bool') return { expression: String(when.value), ...said }
  const isSimple = when.op === 'simple'
  return { expression: source, ...(!isSimple && { condition_type: 'cel' }), ...said }
}

/** What holds for all of a policy. */
function generally(policy: TablePolicy): readonly ExportDifference[] {
  const { name, onError, tools } = policy
  const rules = tools.flatMap(entry => entry.rules)
  const mayFail = rules.some(({ when }) => when !== undefined && when.op !== 'bool')
  const differences: ExportDifference[] = []
  if (onError.action === 'deny' && mayFail) {
    const message = `Conditions of ${name} that cannot be evaluated ask for approval in this format, and refuse here.`
    differences.push({ code: 'error_asks', effect: 'looser', policy: name, message })
  }
  if (rules.some(rule => !isPath(rule.name))) {
    const message = `Names of rules of ${name} are left out.`
    differences.push({ code: 'rule_names', effect: 'none', policy: name, message })
  }
  return differences
}
