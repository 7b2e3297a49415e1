import type { Expression } from '../../schemas/expression.ts'
import { typeNames } from '../decide/cel/value.ts'

/** Whether a condition reads nothing of a call but its arguments. */
export function isAboutArgs(expression: Expression): boolean {
  return reads(expression, new Set(['args', ...typeNames]))
}

/** Whether a part reads no variable but those that are known. */
function reads(part: unknown, known: ReadonlySet<string>): boolean {
  if (Array.isArray(part)) return part.every(item => reads(item, known))
  if (typeof part !== 'object' || part === null) return true
  const { op, name, variable, over, ...rest } = part as Readonly<Record<string, unknown>>
  if (op === 'ident') return typeof name === 'string' && known.has(name)
  const inside = typeof variable === 'string' ? new Set([...known, variable]) : known
  return reads(over, known) && Object.values(rest).every(below => reads(below, inside))
}
