import type {
  Comprehension,
  Expression,
  Identifier,
  Index,
  ListExpression,
  MapExpression,
  Select,
} from '../../../schemas/expression.ts'
import { typeNames } from '../../decide/cel/value.ts'
import { meant } from '../nearest.ts'
import { kindsWith } from './call-types.ts'
import { checkCall } from './check-call.ts'
import { errorAt, type Report } from './condition-problem.ts'
import { needBool } from './need-bool.ts'
import { aName, bool, double, dyn, int, join, list, map, type Type, text } from './type.ts'
import type { Scope, Typed } from './typed.ts'

/** Checks an expression against the variables in scope and reports what is wrong in it. */
function check(node: Expression, scope: Scope): Typed {
  switch (node.op) {
    case 'null':
      return { node, type: { kind: 'null' } }
    case 'bool':
    case 'uint':
    case 'bytes':
      return { node, type: { kind: node.op } }
    case 'int':
      return { node, type: int }
    case 'double':
      return { node, type: double }
    case 'string':
      return { node, type: text }
    case 'ident':
      return checkIdentifier(node, scope)
    case 'select':
      return checkSelect(node, scope)
    case 'index':
      return checkIndex(node, scope)
    case 'call':
      return checkCall(
        node,
        node.args.map(arg => checkValue(arg, scope)),
        scope.report,
      )
    case 'list':
      return checkList(node, scope)
    case 'map':
      return checkMap(node, scope)
    default:
      // `simple` conditions have a parser of their own and nothing to check.
      return checkComprehension(node as Comprehension, scope)
  }
}

/** Checks an expression whose value is used, which a record of the call does not have. */
export function checkValue(node: Expression, scope: Scope): Typed {
  const typed = check(node, scope)
  if (typed.type.kind !== 'record') return typed
  scope.report(notAValue(typed.type, node.at))
  return { node: typed.node, type: dyn }
}

function notAValue({ name, fields }: Extract<Type, { kind: 'record' }>, at: Expression['at']) {
  const [field = ''] = fields.keys()
  const message = `${name} is not a value; name one of its fields, as in ${name}.${field}.`
  return errorAt(at, 'not_a_value', message)
}

/** Says how a JSON number is read, where its type says more than that it is a number. */
function reading<T extends Identifier | Select | Index>(node: T, type: Type): Typed<T> {
  const json = (type.kind === 'int' || type.kind === 'timestamp') && type.json === true
  return { node: json ? { ...node, as: type.kind } : node, type }
}

function checkIdentifier(node: Identifier, { types, report }: Scope): Typed {
  const type = types.get(node.name)
  if (type !== undefined) return reading(node, type)
  if (typeNames.has(node.name)) return { node, type: { kind: 'type' } }
  const kinds = kindsWith(node.name)
  const message =
    kinds.length === 0
      ? `There is no variable ${node.name}.`
      : `There is no ${node.name} here; it belongs to ${kinds.join(' and ')} calls.`
  const { suggestion } = meant(node.name, types.keys())
  report(errorAt(node.at, 'unknown_variable', message, suggestion))
  return { node, type: dyn }
}

function checkSelect(node: Select, scope: Scope): Typed {
  const of = check(node.of, scope)
  const type = fieldType(of.type, node.field, fieldAt(node), scope.report)
  const { node: read } = reading(node, type)
  if (node.test) return { node: { ...node, of: of.node }, type: bool }
  return { node: { ...read, of: of.node }, type }
}

function fieldAt({ at, field, test }: Select): Expression['at'] {
  const [, end] = at
  return test ? at : [end - field.length, end]
}

function fieldType(of: Type, field: string, at: Expression['at'], report: Report): Type {
  if (of.kind === 'dyn') return dyn
  if (of.kind === 'map') return of.value
  if (of.kind !== 'record' && of.kind !== 'object') {
    report(errorAt(at, 'no_fields', `${field} is read from ${aName(of)}, which has no fields.`))
    return dyn
  }
  const type = of.fields.get(field)
  if (type !== undefined) return type
  if (of.kind === 'object' && of.open) return dyn
  const owner = of.kind === 'record' ? `${of.name} has` : 'The arguments have'
  const { suggestion } = meant(field, of.fields.keys())
  report(errorAt(at, 'unknown_field', `${owner} no field ${field}.`, suggestion))
  return dyn
}

function checkIndex(node: Index, scope: Scope): Typed {
  const of = check(node.of, scope)
  const key = checkValue(node.key, scope)
  const type = itemType(of.type, key, node, scope.report)
  return { node: { ...reading(node, type).node, of: of.node, key: key.node }, type }
}

function itemType(of: Type, key: Typed, node: Index, report: Report): Type {
  const named = key.node.op === 'string' && (of.kind === 'object' || of.kind === 'record')
  if (named) return fieldType(of, (key.node as { value: string }).value, node.key.at, report)
  switch (of.kind) {
    case 'dyn':
    case 'object':
      return dyn
    case 'map':
      return of.value
    case 'list':
      return of.of
    case 'record':
      report(notAValue(of, node.at))
      return dyn
    default:
      report(errorAt(node.at, 'no_items', `[] takes a list or a map, not ${aName(of)}.`))
      return dyn
  }
}

function checkList({ items, at }: ListExpression, scope: Scope): Typed {
  const checked = items.map(item => checkValue(item, scope))
  const types = checked.map(({ type }) => type)
  const node: Expression = { op: 'list', items: checked.map(item => item.node), at }
  return { node, type: list(types.length === 0 ? dyn : types.reduce(join)) }
}

function checkMap({ entries, at }: MapExpression, scope: Scope): Typed {
  const checked = entries.map(
    ([key, value]) => [checkValue(key, scope), checkValue(value, scope)] as const,
  )
  const nodes = checked.map(([key, value]) => [key.node, value.node] as const)
  return { node: { op: 'map', entries: nodes, at }, type: map(dyn, dyn) }
}

function checkComprehension(node: Comprehension, scope: Scope): Typed {
  const over = checkValue(node.over, scope)
  const item = iterated(over, scope.report)
  const inner = { ...scope, types: new Map(scope.types).set(node.variable, item) }
  const where = node.where === undefined ? undefined : checkValue(node.where, inner)
  const each = checkValue(node.each, inner)
  const predicate = node.op === 'map_items' ? where : each
  if (predicate !== undefined) needBool(predicate, scope.report)
  const checked: Comprehension = {
    ...node,
    over: over.node,
    each: each.node,
    ...(where === undefined ? {} : { where: where.node }),
  }
  if (node.op === 'map_items') return { node: checked, type: list(each.type) }
  return { node: checked, type: node.op === 'filter' ? list(item) : bool }
}

function iterated({ type, node }: Typed, report: Report): Type {
  switch (type.kind) {
    case 'dyn':
      return dyn
    case 'list':
      return type.of
    case 'map':
      return type.key
    case 'object':
      return text
    default:
      report(errorAt(node.at, 'no_items', `A macro goes over a list or a map, not ${aName(type)}.`))
      return dyn
  }
}
