import type { SimpleCondition } from '../../schemas/expression.ts'
import type { ImportDifferenceCode } from './import-difference.ts'

/** A simple condition in CEL, and in which way it is another one. */
export interface SimpleInCel {
  /** Undefined when it always holds, null when it never does. */
  readonly when: string | undefined | null
  readonly difference?: Extract<ImportDifferenceCode, 'type_denies' | 'text_order'>
}

/**
 * A condition of the portable format's `simple` language in CEL that people can read. An order of numbers holds for
 * what it held for, whatever the argument is; elsewhere that is so where the argument is of the type that the condition
 * is about or is not there at all, and where that is of another type, the condition cannot be evaluated, which denies.
 */
export function simpleInCel({ path, test, value }: SimpleCondition): SimpleInCel {
  const field = fieldOf(path)
  const there = presence(path)
  const loose = { difference: 'type_denies' as const }
  const nested = path.length > 1 ? loose : {}
  switch (test) {
    case '==':
      if (value === null) return { when: `${absence(path)} || ${field} == null`, ...nested }
      return { when: `${there} && ${field} == ${literal(value)}`, ...nested }
    case '!=':
      if (value === null) return { when: `${there} && ${field} != null`, ...nested }
      return { when: `!(${there} && ${field} == ${literal(value)})`, ...nested }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { ...nested, ...ordered(there, field, test, value) }
    case 'contains': {
      const part = literal(String(value))
      const inText = `${field}.contains(${part})`
      const when = `${there} && (type(${field}) == list ? ${part} in ${field} : ${inText})`
      return { when, ...loose }
    }
    case 'matches':
      return { when: `${there} && ${field}.matches(${literal(String(value))})`, ...loose }
  }
}

const decimal = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/

function ordered(
  there: string,
  field: string,
  test: '<' | '<=' | '>' | '>=',
  value: SimpleCondition['value'],
): SimpleInCel {
  if (typeof value === 'boolean' || value === null) return { when: null }
  if (typeof value === 'string' && !decimal.test(value)) {
    return { when: `${there} && ${field} ${test} ${literal(value)}`, difference: 'text_order' }
  }
  const isNumber = numeric(field)
  const holds = `${number(field)} ${test} ${literal(Number(value))}`
  if (typeof value === 'number') return { when: `${there} && (${isNumber}) && ${holds}` }
  const inText = `type(${field}) == string && string(${field}) ${test} ${literal(value)}`
  return {
    when: `${there} && (${isNumber} ? ${holds} : ${inText})`,
    // Nothing else in such a text is beyond U+D7FF, from where on units and code points are ordered otherwise.
    ...(value.includes(byteOrderMark) && { difference: 'text_order' }),
  }
}

const byteOrderMark = '\ufeff'

/** What JavaScript takes for blanks, in RE2. */
const blanks = String.raw`[\s\v\pZ\x{FEFF}]*`

const numeral = String.raw`r"^${blanks}[+-]?(\d+\.?|\.\d)\d*([eE][+-]?\d+)?${blanks}$"`

/**
 * Whether an argument counts as a number. `double()` alone takes the texts `inf` and `nan` as well. `string()` changes
 * nothing of a text, and lets the condition compile where the schema says that the argument is none.
 */
function numeric(field: string): string {
  const isText = `type(${field}) == string && string(${field}).matches(${numeral})`
  return `type(${field}) in [int, double] || ${isText}`
}

/** The number that an argument counts as. `trim()` takes all those blanks away but the byte order mark. */
function number(field: string): string {
  return `double(string(${field}).replace("\\ufeff", "").trim())`
}

function fieldOf(path: readonly string[]): string {
  return path.reduce((field, name) => field + step(name), 'args')
}

/** Names that CEL keeps for itself, and those that begin with a digit, are written as keys. */
function step(name: string): string {
  return isPlain(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function isPlain(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !reserved.has(name)
}

const reserved: ReadonlySet<string> = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for'],
  ...['function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var'],
  ...['void', 'while', '__proto__'],
])

/** That every step of the path is there, one after the other. */
function presence(path: readonly string[]): string {
  return path.map((name, i) => has(path.slice(0, i), name)).join(' && ')
}

/** That a step of the path is not there. */
function absence(path: readonly string[]): string {
  return path.map((name, i) => `!${has(path.slice(0, i), name)}`).join(' || ')
}

function has(above: readonly string[], name: string): string {
  const parent = fieldOf(above)
  return isPlain(name) ? `has(${parent}.${name})` : `(${JSON.stringify(name)} in ${parent})`
}

/** A constant in CEL. Numbers of JSON are doubles. */
function literal(value: string | number | boolean | null): string {
  if (typeof value !== 'number') return JSON.stringify(value)
  if (!Number.isFinite(value)) return `double("${value > 0 ? 'inf' : '-inf'}")`
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
