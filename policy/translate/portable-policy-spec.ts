import type { AccessPolicySpec, Rule, ToolEntry } from '../../schemas/access-policy.ts'
import { builtinTools } from '../../schemas/builtin-tool.ts'
import type { SimpleCondition } from '../../schemas/expression.ts'
import type {
  PortableCondition,
  PortablePolicy,
  PortableTool,
} from '../../schemas/portable-policy.ts'
import { parseSimple } from '../compile/cel/parse-simple.ts'
import { portableDraft } from '../compile/portable/portable-draft.ts'
import { slug } from '../compile/portable/slug.ts'
import type { Path, SourceDocument } from '../compile/source-document.ts'
import type { ImportDifference } from './import-difference.ts'
import { simpleInCel } from './simple-in-cel.ts'

/** Where a part of a portable file is now. */
export interface Moved {
  readonly from: Path
  readonly to: Path
}

/** A portable policy as an AccessPolicy. */
export interface PortablePolicySpec {
  readonly spec: AccessPolicySpec
  readonly moved: readonly Moved[]
  readonly differences: readonly ImportDifference[]
}

/** Says the rules of a portable policy in the words of an AccessPolicy. */
export function portablePolicySpec(
  policy: PortablePolicy,
  document: SourceDocument,
): PortablePolicySpec {
  const parts: Parts = {
    document,
    moved: [{ from: ['defaults'], to: ['spec', 'defaults'] }],
    differences: [],
  }
  const { unmatched } = portableDraft(policy, '', { ...document, unsure: () => false })
  const workflow = defaultWorkflow(policy)
  const tools = builtinFirst(policy.tools ?? []).map(({ tool, index }, i) => {
    parts.moved.push({ from: ['tools', index], to: ['spec', 'tools', i] })
    return entryOf(parts, tool, { from: ['tools', index], to: ['spec', 'tools', i] })
  })
  const { description } = policy.metadata
  const spec = {
    ...(description !== undefined && { description }),
    ...(tools.length > 0 && { tools }),
    defaults: {
      unmatched: unmatched.action,
      ...(workflow !== undefined && { approvalWorkflow: workflow }),
    },
  }
  return { spec, moved: parts.moved, differences: parts.differences }
}

interface Parts {
  readonly document: SourceDocument
  readonly moved: Moved[]
  readonly differences: ImportDifference[]
}

function defaultWorkflow({ defaults, approval_workflows }: PortablePolicy): string | undefined {
  const marked = approval_workflows?.find(({ is_default }) => is_default)?.name
  const name = defaults?.default_approval_workflow ?? marked
  return name === undefined ? undefined : slug(name)
}

/** What speaks of Writ's own tools comes first, so that entries for every server do not speak of them. */
function builtinFirst(tools: readonly PortableTool[]) {
  const all = tools.map((tool, index) => ({ tool, index }))
  return [
    ...all.filter(({ tool }) => isBuiltin(tool)),
    ...all.filter(({ tool }) => !isBuiltin(tool)),
  ]
}

function isBuiltin({ source = 'builtin' }: PortableTool): boolean {
  return source.toLowerCase() === 'builtin'
}

function entryOf(parts: Parts, tool: PortableTool, { from, to }: Moved): ToolEntry {
  const {
    name,
    source = 'builtin',
    enabled = true,
    justification,
    approval_workflow,
    description,
  } = tool
  const server = source.toLowerCase() === 'mcp' ? undefined : slug(source)
  if (server === undefined && builtinTools.some(own => own === name)) {
    differ(parts, [...from, 'name'], {
      code: 'own_tool',
      effect: 'stricter',
      message: `The entry speaks of Writ's own tool ${name} as well.`,
    })
  }
  if (description !== undefined) differ(parts, [...from, 'description'], shownDescription(name))
  const isBare = !enabled && (tool.conditions ?? []).length === 0
  const rules = isBare ? [] : rulesOf(parts, tool, { from, to })
  return {
    name,
    ...(server !== undefined && { server }),
    ...(!enabled && { enabled }),
    ...(justification !== undefined && { justification }),
    ...(approval_workflow !== undefined && { approvalWorkflow: slug(approval_workflow) }),
    ...(rules.length > 0 && { rules }),
  }
}

/** A tool that is listed is allowed where no condition holds; with a workflow and no condition it always asks. */
function rulesOf(parts: Parts, tool: PortableTool, { from, to }: Moved): readonly Rule[] {
  const conditions = tool.conditions ?? []
  if (conditions.length === 0) {
    return [{ action: tool.approval_workflow === undefined ? 'allow' : 'require_approval' }]
  }
  const rules: Rule[] = []
  for (const [i, condition] of conditions.entries()) {
    const place = [...from, 'conditions', i]
    parts.moved.push({ from: place, to: [...to, 'rules', rules.length] })
    const rule = ruleOf(parts, condition, place)
    if (rule !== null) rules.push(rule)
    if (rule !== null && rule.when === undefined) return rules
  }
  return [...rules, { action: 'allow' }]
}

function ruleOf(parts: Parts, condition: PortableCondition, from: Path): Rule | null {
  const { action = 'require_approval', description } = condition
  const place = [...from, 'expression']
  const when = whenOf(parts, condition, place)
  if (when === null) {
    differ(parts, place, {
      code: 'never_holds',
      effect: 'none',
      message: 'The condition never holds; it is left out.',
    })
    return null
  }
  return {
    ...(when !== undefined && { when }),
    action,
    ...(description !== undefined && { message: description }),
  }
}

/** The condition in CEL; undefined when it always holds, null when it never does. */
function whenOf(
  parts: Parts,
  condition: PortableCondition,
  place: Path,
): string | undefined | null {
  const source = condition.expression.trim()
  const { expression } = condition.condition_type === 'cel' ? never : parseSimple(source)
  if (expression === null) {
    differ(parts, place, {
      code: 'error_denies',
      effect: 'stricter',
      message:
        'Where the condition cannot be evaluated the file asks for approval; now the call is refused.',
      suggestion: 'Guard fields that may be missing with has().',
    })
    return source
  }
  if (expression.op === 'bool') return expression.value ? undefined : null
  // The parser of this language makes nothing else.
  const { when, difference } = simpleInCel(expression as SimpleCondition)
  if (difference !== undefined)
    differ(parts, place, { code: difference, ...simpleDifferences[difference] })
  return when
}

const never = { expression: null }

const simpleDifferences = {
  type_denies: {
    effect: 'stricter',
    message:
      'For an argument of another type the file takes the condition as not holding; now the call is refused.',
  },
  text_order: {
    effect: 'stricter',
    message:
      'Text is ordered by code points, and for an argument of another type the call is refused.',
  },
} as const

function shownDescription(tool: string) {
  return {
    code: 'tool_description',
    effect: 'none',
    message: `Clients are shown the server's own description of ${tool}.`,
  } as const
}

type Said = Omit<ImportDifference, 'file' | 'line' | 'column'>

function differ({ document, differences }: Parts, path: Path, said: Said): void {
  differences.push({ ...said, ...document.place(path) })
}
