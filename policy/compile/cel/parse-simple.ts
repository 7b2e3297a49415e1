import type { SimpleCondition } from '../../../schemas/expression.ts'
import { compilePattern } from '../../decide/cel/plan-matches.ts'
import { errorAt } from './condition-problem.ts'
import type { ParsedCondition } from './parse-condition.ts'
import { maxLength } from './syntax-tree.ts'

const pathForm = String.raw`\s*(?:args\.)?(\w+(?:\.\w+)*)\s*`
const comparison = new RegExp(String.raw`^${pathForm}(==|!=|>=|<=|>|<)\s*(\S(?:[\s\S]*\S)?)\s*$`)
const method = new RegExp(
  String.raw`^${pathForm}\.(contains|matches)\(\s*(?:"([^"]*)"|'([^']*)')\s*\)\s*$`,
)
const maxPattern = 512

/**
 * Parses the `simple` language of the portable format: `true`, `false`, `path OP value`,
 * `path.contains('text')` and `path.matches('regex')`; anything else is an error.
 */
export function parseSimple(source: string): ParsedCondition {
  const at = [0, source.length] as const
  const word = source.trim().toLowerCase()
  if (word === 'true' || word === 'false') {
    const value = word === 'true'
    return { expression: { op: 'bool', value, at }, problems: [], constant: value }
  }
  if (source.length > maxLength) return refuse(at)
  return parseMethod(source, at) ?? parseComparison(source, at) ?? refuse(at)
}

const noForm =
  'The condition is not of the simple form: path OP value, path.contains(…) or path.matches(…).'

function refuse(at: SimpleCondition['at'], why = noForm): ParsedCondition {
  const problem = errorAt(at, 'simple_syntax', why, 'Write condition_type: cel to use CEL.')
  return { expression: null, problems: [problem] }
}

function parsed(condition: SimpleCondition): ParsedCondition {
  return { expression: condition, problems: [] }
}

function parseMethod(source: string, at: SimpleCondition['at']): ParsedCondition | null {
  const match = method.exec(source)
  if (match === null) return null
  const [, path = '', test, double, single = ''] = match
  const names = path.split('.')
  const text = double ?? single
  if (test === 'contains')
    return parsed({ op: 'simple', path: names, test: 'contains', value: text, at })
  const problem = patternProblem(text, at)
  if (problem !== null) return { expression: null, problems: [problem] }
  return parsed({ op: 'simple', path: names, test: 'matches', value: text, at })
}

function patternProblem(pattern: string, at: SimpleCondition['at']) {
  if (pattern.length > maxPattern) {
    return errorAt(at, 'invalid_regex', `The pattern is longer than ${maxPattern} characters.`)
  }
  return compilePattern(pattern) !== null
    ? null
    : errorAt(at, 'invalid_regex', 'The pattern is not valid RE2.')
}

function parseComparison(source: string, at: SimpleCondition['at']): ParsedCondition | null {
  const match = comparison.exec(source)
  if (match === null) return null
  const [, path = '', test, text = ''] = match
  const value = constantOf(text)
  if (value === undefined) return null
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return refuse(at, `No number is as large as ${text.slice(0, 32)}.`)
  }
  return parsed({
    op: 'simple',
    path: path.split('.'),
    test: test as SimpleCondition['test'],
    value,
    at,
  })
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
])

/** A quoted text, a word, a number, else the text as it stands; undefined when it looks like more than a value. */
function constantOf(text: string): SimpleCondition['value'] | undefined {
  if (/^(?:"[^"]*"|'[^']*')$/.test(text)) return text.slice(1, -1)
  const word = words.get(text.toLowerCase())
  if (word !== undefined) return word
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  return /[&|()'"=<>]/.test(text) ? undefined : text
}
