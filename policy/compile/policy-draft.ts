import type { AccessPolicySpec, Rule } from '../../schemas/access-policy.ts'
import type { Action } from '../../schemas/action.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { Fallback, TablePolicy } from '../../schemas/rule-table.ts'
import type { KindName, Origin, Resource } from './resource.ts'
import type { Path } from './source-document.ts'

/**
 * A policy of either format in the words of the rule table, its conditions not yet parsed. What is wrong with
 * its shape is left out, or empty where it must be.
 */
export interface PolicyDraft {
  readonly name: string
  readonly namespace: string
  readonly origin: Origin
  readonly mode: TablePolicy['mode']
  readonly subjects?: NonNullable<TablePolicy['subjects']>
  readonly unmatched: Fallback
  readonly onError: Fallback
  readonly entries: { readonly [K in CallKind]: readonly EntryDraft[] }
  readonly references: readonly Reference[]
  /** True when it was translated from a portable file. */
  readonly portable: boolean
}

export interface EntryDraft {
  readonly kind: CallKind
  readonly path: Path
  readonly match: string
  readonly server?: string
  readonly notServer?: string
  readonly enabled: boolean
  readonly justification: 'required' | 'optional' | 'off'
  readonly rules: readonly RuleDraft[]
  readonly otherwise?: Fallback
  readonly onError?: Fallback
  readonly description?: string
}

export interface RuleDraft {
  readonly name: string
  readonly path: Path
  readonly when?: ConditionDraft
  readonly action: Action
  readonly message?: string
  readonly workflows: readonly string[]
}

/**
 * A condition as written. `either` is simple where it has that form, else CEL; `unknown` is the same where
 * it is not known in which language it is meant to be.
 */
export interface ConditionDraft {
  readonly source: string
  readonly language: 'cel' | 'simple' | 'either' | 'unknown'
  readonly path: Path
}

/** A name of another resource in the same namespace, and where it was written. */
export interface Reference {
  readonly kind: KindName
  readonly name: string
  readonly path: Path
}

/** The draft of an AccessPolicy. */
export function draftOf({ name, namespace, spec, origin }: Resource<'AccessPolicy'>): PolicyDraft {
  const { mode = 'enforce', subjects, defaults = {} } = spec
  const workflow = defaults.approvalWorkflow
  return {
    name,
    namespace,
    origin,
    mode,
    ...(subjects === undefined ? {} : { subjects }),
    unmatched: fallback(defaults.unmatched ?? 'deny', workflow),
    onError: fallback('deny', undefined),
    entries: {
      tool: (spec.tools ?? []).map((entry, i) => ({
        ...entryDraft('tool', entry.name, entry, ['spec', 'tools', i], workflow),
        justification: entry.justification ?? 'off',
      })),
      model: (spec.models ?? []).map((entry, i) =>
        entryDraft('model', entry.name, entry, ['spec', 'models', i], workflow),
      ),
      resource: (spec.resources ?? []).map((entry, i) =>
        entryDraft('resource', entry.uri, entry, ['spec', 'resources', i], workflow),
      ),
      prompt: (spec.prompts ?? []).map((entry, i) =>
        entryDraft('prompt', entry.name, entry, ['spec', 'prompts', i], workflow),
      ),
    },
    references: [...workflowsOf(spec)],
    portable: false,
  }
}

/** Whether it can be told which calls an entry is about. */
export function isAboutKnown({ origin }: PolicyDraft, { match, path }: EntryDraft): boolean {
  const unsure = origin.unsure([...path, 'server']) || origin.unsure([...path, 'source'])
  return match !== '' && !unsure
}

/** Whether a rule certainly has no condition. */
export function isUnconditional({ origin }: PolicyDraft, { when, path }: RuleDraft): boolean {
  const unsure = origin.unsure([...path, 'when']) || origin.unsure([...path, 'expression'])
  return when === undefined && !unsure
}

/** An action and whom to ask; nobody is asked unless the action is to ask. */
export function fallback(action: Action, workflow: string | undefined): Fallback {
  const asked = action === 'require_approval' && workflow !== undefined
  return { action, workflows: asked ? [workflow] : [] }
}

interface Entry {
  readonly server?: string
  readonly enabled?: boolean
  readonly approvalWorkflow?: string
  readonly rules?: readonly Rule[]
}

function entryDraft(
  kind: CallKind,
  match: string,
  { server, enabled = true, approvalWorkflow, rules = [] }: Entry,
  path: Path,
  workflow: string | undefined,
): EntryDraft {
  return {
    kind,
    path,
    match,
    ...(server === undefined ? {} : { server }),
    enabled,
    justification: 'off',
    rules: rules.map((rule, i) =>
      ruleDraft(rule, [...path, 'rules', i], approvalWorkflow ?? workflow),
    ),
  }
}

function ruleDraft(
  { name, when, action, message, approvalWorkflow }: Rule,
  path: Path,
  workflow: string | undefined,
): RuleDraft {
  const [, list, entry, , rule] = path
  return {
    name: name ?? `${list}[${entry}].rules[${rule}]`,
    path,
    ...(when === undefined
      ? {}
      : { when: { source: when, language: 'cel', path: [...path, 'when'] } }),
    ...(message === undefined ? {} : { message }),
    ...fallback(action, approvalWorkflow ?? workflow),
  }
}

function* workflowsOf(spec: AccessPolicySpec): Iterable<Reference> {
  yield* workflowAt(['spec', 'defaults'], spec.defaults ?? {})
  for (const list of ['tools', 'models', 'resources', 'prompts'] as const) {
    for (const [i, entry] of (spec[list] ?? []).entries()) {
      const path = ['spec', list, i]
      yield* workflowAt(path, entry)
      for (const [j, rule] of (entry.rules ?? []).entries()) {
        yield* workflowAt([...path, 'rules', j], rule)
      }
    }
  }
}

function* workflowAt(path: Path, { approvalWorkflow: name }: { approvalWorkflow?: string }) {
  if (name !== undefined) {
    yield { kind: 'ApprovalWorkflow', name, path: [...path, 'approvalWorkflow'] } as const
  }
}
