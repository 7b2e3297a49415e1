import type { CallKind } from '../../../schemas/call-kind.ts'
import type { Expression } from '../../../schemas/expression.ts'
import type { Fallback, TableEntry, TablePolicy, TableRule } from '../../../schemas/rule-table.ts'
import { conditionOf } from '../conditions.ts'
import type { EntryDraft, PolicyDraft, RuleDraft } from '../policy-draft.ts'
import type { World } from '../world.ts'
import { modelNames } from './model-names.ts'
import type { Files } from './table-files.ts'

/** The policies of a namespace as its table holds them. */
export function ownPolicies(
  world: World,
  drafts: readonly PolicyDraft[],
  at: Files['at'],
): readonly TablePolicy[] {
  return drafts.map(draft => policyOf({ world, draft, at, name: name => name }))
}

/** Policies of the system namespace as tables of other namespaces hold them. */
export function systemPolicies(
  world: World,
  drafts: readonly PolicyDraft[],
  at: Files['at'],
): readonly TablePolicy[] {
  const name = (plain: string) => `${world.systemNamespace}/${plain}`
  return drafts.map(draft => ({ ...policyOf({ world, draft, at, name }), system: true }))
}

interface Building {
  readonly world: World
  readonly draft: PolicyDraft
  readonly at: Files['at']
  /** How the table calls a resource of the policy's namespace. */
  readonly name: (plain: string) => string
}

function policyOf(building: Building): TablePolicy {
  const { draft, at, name } = building
  const { subjects } = draft
  const entries = (kind: CallKind) =>
    draft.entries[kind].flatMap(entry => entriesOf(building, entry))
  return {
    name: name(draft.name),
    mode: draft.mode,
    ...(subjects === undefined ? {} : { subjects }),
    unmatched: fallbackOf(building, draft.unmatched),
    onError: fallbackOf(building, draft.onError),
    tools: entries('tool'),
    models: entries('model'),
    resources: entries('resource'),
    prompts: entries('prompt'),
    at: at(draft.origin, []),
  }
}

function entriesOf(building: Building, entry: EntryDraft): readonly TableEntry[] {
  const { world, draft } = building
  const { kind: _, path, match, otherwise, onError, rules, ...plain } = entry
  const written = {
    ...plain,
    match,
    rules: rules.map(rule => ruleOf(building, rule)),
    ...(otherwise === undefined ? {} : { otherwise: fallbackOf(building, otherwise) }),
    ...(onError === undefined ? {} : { onError: fallbackOf(building, onError) }),
    at: building.at(draft.origin, path),
  }
  if (entry.kind !== 'model') return [written]
  return modelNames(world, draft.namespace, match).map(match => ({ ...written, match }))
}

function ruleOf(building: Building, rule: RuleDraft): TableRule {
  const { draft, at, world } = building
  const { name, path, when, message } = rule
  return {
    name,
    // No table is built while a condition does not parse; the loader would refuse its null.
    ...(when === undefined
      ? {}
      : {
          when: conditionOf(world.conditions, when).expression as Expression,
          source: when.source,
        }),
    ...(message === undefined ? {} : { message }),
    ...fallbackOf(building, rule),
    at: at(draft.origin, path),
  }
}

function fallbackOf({ name }: Building, { action, workflows }: Fallback): Fallback {
  return { action, workflows: workflows.map(name) }
}
