import type { Expression } from '../../schemas/expression.ts'
import type { Json } from '../decide/facts.ts'
import { partsOf } from './expression-parts.ts'
import { pathOf } from './field-path.ts'

/** Values with which a part of a condition may come to either answer; undefined stands for a field that is not there. */
export function valuesFor(part: Expression): readonly (Json | undefined)[] {
  const values = [...itemsIn(part), ...literalsIn(part).flatMap(around)]
  return [...values, undefined, 'example', '', 1, 0, -1, true, false, null, [], {}]
}

/** Lists of one item, for a part that looks at the items of a list. */
function itemsIn(node: Expression): readonly Json[] {
  if (!('variable' in node)) return partsOf(node).flatMap(itemsIn)
  const fields = fieldsIn(node.each).filter(([root]) => root === node.variable)
  return literalsIn(node.each)
    .flatMap(around)
    .map(value => [fields.reduce<Json>((item, [, ...path]) => withValue(item, path, value), value)])
}

/** An object with a value at a path, and what it held besides. */
function withValue(old: Json, [name, ...path]: readonly string[], value: Json): Json {
  if (name === undefined) return value
  const fields = typeof old === 'object' ? (old as { readonly [key: string]: Json }) : {}
  return { ...fields, [name]: withValue(fields[name] ?? {}, path, value) }
}

/** The paths of the fields that an expression reads. */
export function fieldsIn(node: Expression): readonly (readonly string[])[] {
  if (node.op === 'simple') return [['args', ...node.path]]
  const path = pathOf(node)
  if (path !== null) return path.length > 1 ? [path] : []
  if (node.op === 'select') return [[...(pathOf(node.of) ?? []), node.field]]
  return partsOf(node).flatMap(fieldsIn)
}

function literalsIn(node: Expression): readonly Json[] {
  switch (node.op) {
    case 'string':
      return [node.value]
    case 'int':
    case 'double':
      return [Number(node.value)]
    case 'simple':
      return [node.value]
    default:
      return partsOf(node).flatMap(literalsIn)
  }
}

/** Longer texts and lists are not tried. */
const longest = 256

/** A constant and what stands close to it. */
function around(literal: Json): readonly Json[] {
  if (typeof literal === 'number') {
    const length = Math.max(0, Math.min(longest, literal + 1))
    return [literal, literal + 1, literal - 1, 'x'.repeat(length), Array(Math.ceil(length)).fill(0)]
  }
  if (typeof literal !== 'string') return [literal]
  return [literal, `${literal}-example`, [literal], `example ${literal}`]
}
