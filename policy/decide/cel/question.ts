import type { CallExpression, Expression, Index, Select } from '../../../schemas/expression.ts'
import {
  boolTests,
  type FieldTest,
  isOneOfNumbers,
  isOneOfTexts,
  isThere,
  isTrue,
  numberTests,
  textTests,
} from './field-test.ts'
import { exactNumber } from './literal-value.ts'

/** A test of one field, which is reached over a variable and the names behind it. */
export interface Question {
  readonly path: readonly string[]
  readonly test: FieldTest<never>
  readonly literal: never
}

/** The one field that an expression asks, and what for; null when there is more to it. */
export function questionOf(node: Expression): Question | null {
  if (node.op === 'call') return comparison(node)
  if (node.op !== 'select' || node.test !== true) return question(node, isTrue, null)
  const { test: _, ...field } = node
  return question(field, isThere, null)
}

function comparison({ fn, method, args }: CallExpression): Question | null {
  const [field, literal, ...more] = args
  if (field === undefined || literal === undefined || more.length > 0) return null
  const name = method === true ? `.${fn}` : fn
  if (literal.op === 'list') return name === '@in' ? membership(field, literal.items) : null
  if (literal.op === 'string') return question(field, textTests.get(name), literal.value)
  if (literal.op === 'bool') return question(field, boolTests.get(name), literal.value)
  const number = exactNumber(literal)
  return number === null ? null : question(field, numberTests.get(name), number)
}

/** Longer lists are looked up in a set by the full evaluation. */
const few = 16

function membership(field: Expression, items: readonly Expression[]): Question | null {
  if (items.length > few) return null
  const texts = items.flatMap(item => (item.op === 'string' ? item.value : []))
  if (texts.length === items.length) return question(field, isOneOfTexts, texts)
  const numbers = items.flatMap(item => exactNumber(item) ?? [])
  return numbers.length === items.length ? question(field, isOneOfNumbers, numbers) : null
}

function question<L>(
  field: Expression,
  test: FieldTest<L> | undefined,
  literal: L,
): Question | null {
  const path = pathOf(field)
  return path === null || test === undefined ? null : { path, test, literal: literal as never }
}

/** The names on the way to a field; null when it is none, or reads as more than JSON holds. */
function pathOf(node: Expression): readonly string[] | null {
  if (node.op === 'ident') return [node.name]
  if (node.op !== 'select' && node.op !== 'index') return null
  const name = node.op === 'select' ? fieldName(node) : keyName(node)
  const path = node.as === 'timestamp' ? null : pathOf(node.of)
  return path === null || name === null ? null : [...path, name]
}

function fieldName({ field, test }: Select): string | null {
  return test === true ? null : field
}

function keyName({ key }: Index): string | null {
  return key.op === 'string' ? key.value : null
}
