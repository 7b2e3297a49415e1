import type { AccessPolicySpec, Rule } from '../../schemas/access-policy.ts'
import type { Fallback, TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import type { ExportDifference } from './export-difference.ts'
import { simpleInCel } from './simple-in-cel.ts'

/** A policy of a rule table as people write one. */
export interface WrittenPolicy {
  readonly spec: AccessPolicySpec
  readonly differences: readonly ExportDifference[]
}

/**
 * Writes a policy of a table down; one that was portable becomes as strict as it was, or stricter. `aliases` are those
 * of the models that the namespace knows.
 */
export function accessPolicyOf(
  policy: TablePolicy,
  aliases: ReadonlySet<string> = new Set(),
): WrittenPolicy {
  const { mode, subjects, unmatched, tools, models, resources, prompts } = policy
  const workflow = unmatched.workflows[0]
  return {
    spec: {
      ...(mode === 'observe' && { mode }),
      ...(subjects && { subjects }),
      ...(tools.length > 0 && {
        tools: tools.map(entry => ({ name: entry.match, ...toolPart(entry) })),
      }),
      ...(models.length > 0 && {
        models: asWritten(models, aliases).map(entry => ({ name: entry.match, ...part(entry) })),
      }),
      ...(resources.length > 0 && {
        resources: resources.map(entry => ({ uri: entry.match, ...part(entry) })),
      }),
      ...(prompts.length > 0 && {
        prompts: prompts.map(entry => ({ name: entry.match, ...part(entry) })),
      }),
      defaults: {
        unmatched: unmatched.action,
        ...(workflow !== undefined && { approvalWorkflow: workflow }),
      },
    },
    differences: isPortable(policy) ? [wasPortable(policy.name)] : [],
  }
}

/** An entry for an alias is in the table once for every name of the model; it was written once. */
function asWritten(entries: readonly TableEntry[], aliases: ReadonlySet<string>) {
  const written = Map.groupBy(entries, ({ at }) => at.join())
  return [...written.values()].flatMap(same => {
    const alias = same.length > 1 ? same.find(({ match }) => aliases.has(match)) : undefined
    return alias === undefined ? same : [alias]
  })
}

function isPortable({ onError }: TablePolicy): boolean {
  return onError.action !== 'deny'
}

function wasPortable(policy: string): ExportDifference {
  return {
    code: 'was_portable',
    effect: 'stricter',
    message: `${policy} is portable: where a condition cannot be evaluated it asks for approval, and what is written here refuses.`,
    policy,
  }
}

function toolPart(entry: TableEntry) {
  const { justification } = entry
  return { ...(justification !== 'off' && { justification }), ...part(entry) }
}

function part({ server, enabled, rules, otherwise }: TableEntry) {
  const written = rules.flatMap(ruleOf)
  const ends = rules.some(({ when }) => when === undefined || alwaysHolds(when))
  const all = otherwise === undefined || ends ? written : [...written, actionOf(otherwise)]
  return {
    ...(server !== undefined && { server }),
    ...(!enabled && { enabled }),
    ...(all.length > 0 && { rules: all }),
  }
}

function alwaysHolds(when: NonNullable<TableRule['when']>): boolean {
  return when.op === 'bool' && when.value
}

function ruleOf(rule: TableRule): readonly Rule[] {
  const { name, when, source, message } = rule
  const condition = when?.op === 'simple' ? simpleInCel(when).when : source
  if (condition === null) return []
  return [
    {
      ...(!isPath(name) && { name }),
      ...(condition !== undefined && !(when && alwaysHolds(when)) && { when: condition }),
      ...actionOf(rule),
      ...(message !== undefined && { message }),
    },
  ]
}

/** Whether a rule is only called by where it stands. */
export function isPath(name: string): boolean {
  return /^(tools|models|resources|prompts)\[\d+\]\.\w+(\[\d+\])?$/.test(name)
}

function actionOf({ action, workflows: [workflow] }: Fallback) {
  return { action, ...(workflow !== undefined && { approvalWorkflow: workflow }) }
}
