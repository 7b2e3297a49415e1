import { RE2JS } from 're2js'
import type { SimpleCondition } from '../../schemas/expression.ts'
import type { Facts, Json } from './facts.ts'

type Expected = SimpleCondition['value']

/**
 * Makes a condition of the portable format's `simple` language ready. A missing path reads as null,
 * numeric text counts as a number where order is asked for, and what cannot be compared does not match.
 */
export function planSimple({ path, test, value }: SimpleCondition): (facts: Facts) => boolean {
  const holds = testOf(test, value)
  return facts => holds(read(facts.args, path))
}

function read(args: Facts['args'], path: readonly string[]): Json {
  let value: Json = args
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Facts['args'])[name] ?? null
  }
  return value
}

function testOf(test: SimpleCondition['test'], expected: Expected): (actual: Json) => boolean {
  switch (test) {
    case '==':
      return actual => actual === expected
    case '!=':
      return actual => actual !== expected
    case '<':
      return ordered(expected, (a, b) => a < b)
    case '<=':
      return ordered(expected, (a, b) => a <= b)
    case '>':
      return ordered(expected, (a, b) => a > b)
    case '>=':
      return ordered(expected, (a, b) => a >= b)
    case 'contains':
      return actual => contains(actual, expected)
    case 'matches':
      return matches(expected)
  }
}

type Order = (a: number | string, b: number | string) => boolean

/** Numbers with numbers, numeric text counted in; else text with text. */
function ordered(expected: Expected, holds: Order): (actual: Json) => boolean {
  const number = numberOf(expected)
  return actual => {
    const other = numberOf(actual)
    if (number !== null && other !== null) return holds(other, number)
    return typeof actual === 'string' && typeof expected === 'string' && holds(actual, expected)
  }
}

const decimal = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/

function numberOf(value: Json): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' && decimal.test(value) ? Number(value) : null
}

function contains(actual: Json, expected: Expected): boolean {
  if (typeof actual === 'string') return actual.includes(String(expected))
  return Array.isArray(actual) && actual.includes(expected)
}

function matches(expected: Expected): (actual: Json) => boolean {
  let pattern: RE2JS | undefined
  return actual => {
    pattern ??= RE2JS.compile(String(expected))
    return typeof actual === 'string' && pattern.test(actual)
  }
}
