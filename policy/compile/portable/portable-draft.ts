import { type Action, strictness } from '../../../schemas/action.ts'
import type {
  PortableCondition,
  PortablePolicy,
  PortableTool,
} from '../../../schemas/portable-policy.ts'
import {
  type ConditionDraft,
  type EntryDraft,
  fallback,
  type PolicyDraft,
  type Reference,
  type RuleDraft,
} from '../policy-draft.ts'
import type { Origin } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { slug } from './slug.ts'

/**
 * The draft of a portable policy. A tool that is listed is allowed where no condition holds, one with a
 * workflow and no condition always asks, and a condition that cannot be evaluated asks.
 */
export function portableDraft(
  policy: PortablePolicy,
  namespace: string,
  origin: Origin,
): PolicyDraft {
  const { name } = policy.metadata
  const tools = policy.tools ?? []
  const workflow = defaultWorkflow(policy)
  return {
    name: name === '' ? '' : slug(name),
    namespace,
    origin,
    mode: 'enforce',
    unmatched: fallback(unknownTools(policy), workflow),
    onError: fallback('require_approval', workflow),
    entries: {
      tool: tools.map((tool, i) => toolEntry(tool, ['tools', i], { workflow, origin })),
      model: [],
      resource: [],
      prompt: [],
    },
    references: [...references(policy)],
    portable: true,
  }
}

/** What rules and conditions have from their policy. */
interface Inherited {
  readonly workflow: string | undefined
  readonly origin: Origin
}

function toolEntry(tool: PortableTool, path: Path, inherited: Inherited): EntryDraft {
  const { name, enabled = true, justification = 'off', description } = tool
  const own = tool.approval_workflow === undefined ? undefined : slug(tool.approval_workflow)
  const workflow = own ?? inherited.workflow
  const conditions = tool.conditions ?? []
  const rules = conditions.map((condition, i) =>
    rule(condition, [...path, 'conditions', i], { ...inherited, workflow }),
  )
  return {
    kind: 'tool',
    path,
    match: name,
    ...offeredBy(tool.source),
    enabled,
    justification,
    rules: rules.length === 0 && own !== undefined ? [alwaysAsk(path, own)] : rules,
    otherwise: fallback('allow', undefined),
    onError: fallback('require_approval', workflow),
    ...(description === undefined ? {} : { description }),
  }
}

function offeredBy(source = 'builtin'): Pick<EntryDraft, 'server' | 'notServer'> {
  switch (source.toLowerCase()) {
    case 'builtin':
      return { server: 'builtin' }
    case 'mcp':
      return { notServer: 'builtin' }
    default:
      return { server: slug(source) }
  }
}

function rule(
  condition: PortableCondition,
  path: Path,
  { workflow, origin }: Inherited,
): RuleDraft {
  const { expression, condition_type, description, action = 'require_approval' } = condition
  const [, tool, , i] = path
  const unread = origin.unsure([...path, 'condition_type'])
  const when: ConditionDraft = {
    source: expression.trim(),
    language: unread ? 'unknown' : (condition_type ?? 'either'),
    path: [...path, 'expression'],
  }
  return {
    name: `tools[${tool}].conditions[${i}]`,
    path,
    ...(expression === '' ? {} : { when }),
    ...(description === undefined ? {} : { message: description }),
    ...fallback(action, workflow),
  }
}

function alwaysAsk(path: Path, workflow: string): RuleDraft {
  const [, tool] = path
  return {
    name: `tools[${tool}].approval_workflow`,
    path: [...path, 'approval_workflow'],
    ...fallback('require_approval', workflow),
  }
}

function unknownTools({ defaults = {} }: PortablePolicy): Action {
  const { unknown_tools = 'allow', require_approval_for_new_tools = false } = defaults
  return require_approval_for_new_tools &&
    strictness(unknown_tools) < strictness('require_approval')
    ? 'require_approval'
    : unknown_tools
}

function defaultWorkflow({ defaults, approval_workflows }: PortablePolicy): string | undefined {
  const name =
    defaults?.default_approval_workflow ??
    approval_workflows?.find(({ is_default }) => is_default)?.name
  return name === undefined ? undefined : slug(name)
}

function* references({ defaults, tools }: PortablePolicy): Iterable<Reference> {
  const workflow = defaults?.default_approval_workflow
  if (workflow !== undefined) {
    const path = ['defaults', 'default_approval_workflow']
    yield { kind: 'ApprovalWorkflow', name: slug(workflow), path }
  }
  for (const [i, { approval_workflow: name, source }] of (tools ?? []).entries()) {
    if (name !== undefined) {
      const path = ['tools', i, 'approval_workflow']
      yield { kind: 'ApprovalWorkflow', name: slug(name), path }
    }
    const { server } = offeredBy(source)
    if (server !== undefined && !unserved.has(server)) {
      yield { kind: 'ToolServer', name: server, path: ['tools', i, 'source'] }
    }
  }
}

/** Sources whose tools never pass through Writ; there is a problem of its own for them. */
export const unserved: ReadonlySet<string> = new Set(['http', 'agent'])
