import type { CallExpression, Expression } from '../../../schemas/expression.ts'
import { calendarParts, localDate } from '../../decide/cel/calendar.ts'
import { isFault } from '../../decide/cel/eval.ts'
import { evaluate } from '../../decide/cel/evaluate.ts'
import { compilePattern } from '../../decide/cel/plan-matches.ts'
import { Timestamp } from '../../decide/cel/time.ts'
import { meant } from '../nearest.ts'
import { errorAt, type Report } from './condition-problem.ts'
import { needBool } from './need-bool.ts'
import { signatures } from './signatures.ts'
import { aName, bool, comparable, dyn, fits, isNumber, join, nameOf, type Type } from './type.ts'
import type { Typed } from './typed.ts'

/** Checks an operator or a function whose operands are checked. */
export function checkCall(node: CallExpression, operands: readonly Typed[], report: Report): Typed {
  const checked = { ...node, args: operands.map(operand => operand.node) }
  const type = typeOfCall(checked, operands, report)
  alwaysFails(checked, report)
  return { node: checked, type }
}

function typeOfCall(node: CallExpression, operands: readonly Typed[], report: Report): Type {
  if (node.fn === '!_') return logic(operands, report)
  const [a, b] = operands
  if (a === undefined || b === undefined) return typeOfFunction(node, operands, report)
  switch (node.fn) {
    case '_==_':
    case '_!=_':
      return equality(node, a, b, report)
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return ordering(node, a, b, report)
    case '@in':
      return membership(node, a, b, report)
    case '_&&_':
    case '_||_':
      return logic([a, b], report)
    case '_?_:_':
      logic([a], report)
      return operands
        .slice(1)
        .map(({ type }) => type)
        .reduce(join)
    default:
      return typeOfFunction(node, operands, report)
  }
}

function equality({ at }: CallExpression, a: Typed, b: Typed, report: Report): Type {
  if (!comparable(a.type, b.type)) {
    const message = `${aName(a.type)} and ${aName(b.type)} are never equal.`
    report(errorAt(at, 'wrong_types', sentence(message)))
  }
  notAmong(a.type, [b.node], report)
  notAmong(b.type, [a.node], report)
  inexact(a.node, b.type, report)
  inexact(b.node, a.type, report)
  return bool
}

/** Warns of an int that no JSON number is equal to, since doubles cannot hold it. */
function inexact(node: Expression, other: Type, report: Report): void {
  const json =
    other.kind === 'dyn' || other.kind === 'double' || (other.kind === 'int' && other.json)
  if (!json || node.op !== 'int' || BigInt(Number(node.value)) === BigInt(node.value)) return
  const message = `JSON numbers are doubles, and no double is ${node.value}.`
  const suggestion = 'Have the argument sent as text and compare it with text.'
  report({ ...errorAt(node.at, 'int_not_exact', message, suggestion), severity: 'warning' })
}

/** Warns of texts that are none of those that the schema allows. */
function notAmong(type: Type, nodes: readonly Expression[], report: Report): void {
  if (type.kind !== 'string' || type.values === undefined) return
  for (const node of nodes) {
    if (node.op !== 'string' || type.values.includes(node.value)) continue
    const message = 'The schema does not allow this value.'
    const { suggestion } = meant(node.value, type.values)
    report({ ...errorAt(node.at, 'value_not_allowed', message, suggestion), severity: 'warning' })
  }
}

const ordered: ReadonlySet<Type['kind']> = new Set([
  'bool',
  'string',
  'bytes',
  'timestamp',
  'duration',
])

function ordering({ at, fn }: CallExpression, a: Typed, b: Typed, report: Report): Type {
  const known = [a.type, b.type].filter(({ kind }) => kind !== 'dyn')
  const fine =
    known.every(isNumber) || known.every(({ kind }) => ordered.has(kind) && kind === known[0]?.kind)
  if (!fine) {
    const message = `${fn.replaceAll('_', '')} does not order ${aName(a.type)} and ${aName(b.type)}.`
    report(errorAt(at, 'wrong_types', message))
  }
  return bool
}

function membership({ at }: CallExpression, item: Typed, within: Typed, report: Report): Type {
  const { type, node } = within
  if (type.kind === 'list' || type.kind === 'map') {
    const members = type.kind === 'list' ? type.of : type.key
    if (!comparable(item.type, members)) {
      const message = `${aName(item.type)} is never among ${nameOf(members)}s.`
      report(errorAt(at, 'wrong_types', sentence(message)))
    }
  } else if (type.kind !== 'dyn' && type.kind !== 'object') {
    report(errorAt(node.at, 'wrong_types', `in takes a list or a map, not ${aName(type)}.`))
  }
  if (node.op === 'list') notAmong(item.type, node.items, report)
  return bool
}

function logic(operands: readonly Typed[], report: Report): Type {
  for (const operand of operands) needBool(operand, report)
  return bool
}

function typeOfFunction(node: CallExpression, operands: readonly Typed[], report: Report): Type {
  const name = node.method === true ? `.${node.fn}` : node.fn
  const overloads = signatures.get(name)
  if (overloads === undefined) {
    report(unknownFunction(node))
    return dyn
  }
  if (node.fn === 'matches') checkPattern(node.args[1], report)
  if (calendarParts.has(node.fn)) checkZone(node.args[1], report)
  const types = operands.map(({ type }) => type)
  const fitting = overloads.filter(
    overload =>
      overload.operands.length === types.length &&
      overload.operands.every((needed, i) => fits(types[i] as Type, needed)),
  )
  const [first, ...others] = fitting.map(({ result }) => result)
  if (first !== undefined) {
    mixedNumbers(node, types, report)
    return others.reduce(join, first)
  }
  report(
    wrongOperands(
      node,
      types,
      overloads.map(overload => overload.operands.length),
    ),
  )
  return overloads.map(({ result }) => result).reduce(join)
}

const macros = ['has', '.all', '.exists', '.exists_one', '.filter', '.map']

function unknownFunction({ fn, method, at }: CallExpression) {
  const [own, other] = method === true ? [`.${fn}`, fn] : [fn, `.${fn}`]
  const all = [...signatures.keys(), ...macros].filter(name => !/^[-_!]/.test(name))
  const others = macros.includes(own) ? `${own.replace('.', '')}() takes other arguments.` : null
  const message = others ?? `There is no ${method ? 'method' : 'function'} ${fn}().`
  const suggestion = all.includes(other)
    ? `Write ${method ? `${fn}(x)` : `x.${fn}(…)`}.`
    : meant(
        own,
        all.filter(name => name.startsWith('.') === (method === true)),
      ).suggestion
  return errorAt(at, 'unknown_function', message, suggestion?.replace('".', '"'))
}

function wrongOperands(node: CallExpression, types: readonly Type[], counts: readonly number[]) {
  const name = node.fn.replaceAll('_', '')
  if (!counts.includes(types.length)) {
    const written = [...new Set(counts)].map(count => (node.method ? count - 1 : count))
    const message = `${name}() takes ${written.join(' or ')} ${written[0] === 1 ? 'argument' : 'arguments'}.`
    return errorAt(node.at, 'wrong_types', message)
  }
  const message = `${name} does not take ${types.map(aName).join(' and ')}.`
  return errorAt(node.at, 'wrong_types', message, mixes(types) ? asDouble : undefined)
}

const asDouble = 'JSON numbers are doubles: write 1.0 instead of 1, or convert with int(…).'

function mixes(types: readonly Type[]): boolean {
  const kinds = types.map(({ kind }) => kind)
  return kinds.includes('double') && kinds.includes('int')
}

const arithmetic: ReadonlySet<string> = new Set(['_+_', '_-_', '_*_', '_/_', '_%_'])

/** Warns where an int stands beside an argument whose type is not known: as a JSON number it is a double. */
function mixedNumbers(
  { fn, args, at }: CallExpression,
  types: readonly Type[],
  report: Report,
): void {
  const unknown = types.some(({ kind }) => kind === 'dyn')
  if (!arithmetic.has(fn) || !unknown || !args.some(({ op }) => op === 'int')) return
  const message = 'A JSON number and an int cannot be calculated with each other.'
  report({ ...errorAt(at, 'double_and_int', message, asDouble), severity: 'warning' })
}

function checkPattern(pattern: Expression | undefined, report: Report): void {
  if (pattern === undefined) return
  if (pattern.op !== 'string') {
    const message = 'The pattern of matches() must be a constant text, so that it is checked here.'
    report(errorAt(pattern.at, 'regex_not_constant', message))
  } else if (compilePattern(pattern.value) === null) {
    const message = 'The pattern is not valid RE2, which has no lookarounds and no backreferences.'
    report(errorAt(pattern.at, 'invalid_regex', message))
  }
}

function checkZone(zone: Expression | undefined, report: Report): void {
  if (zone?.op !== 'string' || localDate(new Timestamp(0n), zone.value, new Map()) !== null) return
  const message = `There is no time zone ${JSON.stringify(zone.value)}.`
  report(errorAt(zone.at, 'unknown_time_zone', message, 'Write it as "Europe/Berlin" or "+02:00".'))
}

const literals: ReadonlySet<string> = new Set([
  'null',
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
])

/** Reports a function of nothing but constants that cannot succeed, such as `duration("5 minutes")`. */
function alwaysFails(node: CallExpression, report: Report): void {
  const known = signatures.has(node.method === true ? `.${node.fn}` : node.fn)
  if (!known || !node.args.every(({ op }) => literals.has(op))) return
  const outcome = evaluate(node, {})
  if (!isFault(outcome)) return
  report(errorAt(node.at, 'always_fails', `This always fails: ${outcome.message}.`))
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
