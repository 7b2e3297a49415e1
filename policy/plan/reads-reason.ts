import type { Expression } from '../../schemas/expression.ts'
import { partsOf } from './expression-parts.ts'
import { pathOf } from './field-path.ts'

/**
 * Whether a condition may see that the reason for a call is taken out of the arguments: it reads the reason, or the
 * arguments as a whole.
 */
export function readsReason(node: Expression): boolean {
  if (node.op === 'simple') return isReason(['args', ...node.path])
  const path = pathOf(withoutTest(node))
  return path === null ? partsOf(node).some(readsReason) : isReason(path)
}

/** `has(field)` reads the field. */
function withoutTest(node: Expression): Expression {
  if (node.op !== 'select') return node
  const { test: _, ...field } = node
  return field
}

function isReason([root, field]: readonly string[]): boolean {
  const hasReason = root === 'args' || root === 'request'
  return hasReason && (field === undefined || field === 'justification')
}
