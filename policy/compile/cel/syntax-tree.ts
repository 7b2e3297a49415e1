import { Environment, ParseError } from '@marcbachmann/cel-js'
import { type ConditionProblem, errorAt } from './condition-problem.ts'

/** What the parser gives, as far as it is read here. Ranges leave out parentheses around a node. */
export type SyntaxTree = { readonly start: number; readonly end: number } & (
  | { readonly op: 'value'; readonly args: unknown }
  | { readonly op: 'id'; readonly args: string }
  | { readonly op: '.'; readonly args: readonly [SyntaxTree, string] }
  | { readonly op: '[]'; readonly args: readonly [SyntaxTree, SyntaxTree] }
  | { readonly op: 'call'; readonly args: readonly [string, readonly SyntaxTree[]] }
  | { readonly op: 'rcall'; readonly args: readonly [string, SyntaxTree, readonly SyntaxTree[]] }
  | { readonly op: 'list'; readonly args: readonly SyntaxTree[] }
  | { readonly op: 'map'; readonly args: readonly (readonly [SyntaxTree, SyntaxTree])[] }
  | { readonly op: '!_' | '-_'; readonly args: SyntaxTree }
  | { readonly op: '?:'; readonly args: readonly [SyntaxTree, SyntaxTree, SyntaxTree] }
  | { readonly op: BinaryOperator; readonly args: readonly [SyntaxTree, SyntaxTree] }
)

export type BinaryOperator =
  | '&&'
  | '||'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'

/** Longest condition, in characters. */
export const maxLength = 4096
/** Deepest nesting. */
export const maxNesting = 64
/** Most nodes in a condition. */
const maxNodes = 1000

const limits = {
  maxDepth: maxNesting,
  maxAstNodes: maxNodes,
  maxListElements: maxNodes,
  maxMapEntries: maxNodes,
  maxCallArguments: 32,
}

/** Parses a condition; whatever the text, the outcome is a tree or a problem. */
export function parseSyntax(source: string): SyntaxTree | ConditionProblem {
  if (source.length > maxLength) {
    return errorAt(
      [maxLength, source.length],
      'condition_too_long',
      `The condition has ${source.length} characters; at most ${maxLength} are allowed.`,
      'Split it into several rules.',
    )
  }
  try {
    return new Environment({ limits }).parse(source).ast as unknown as SyntaxTree
  } catch (error) {
    return problemOf(error, source)
  }
}

export function isProblem(outcome: SyntaxTree | ConditionProblem): outcome is ConditionProblem {
  return 'severity' in outcome
}

function problemOf(error: unknown, source: string): ConditionProblem {
  if (!(error instanceof ParseError)) {
    return errorAt([0, source.length], 'condition_syntax', 'The condition cannot be read.')
  }
  const { start, end } = { start: 0, end: source.length, ...error.range }
  const at = [Math.min(start, source.length), Math.min(end, source.length)] as const
  if (error.code === 'limit_exceeded') return tooBig(at, error.summary)
  if (at[0] === source.length) {
    return errorAt(at, 'condition_syntax', 'The condition ends where something must follow.')
  }
  const unexpected = /^(unexpected|expected)_/.test(error.code)
  const found = source.slice(...at).slice(0, 40)
  const message = unexpected ? `"${found}" cannot stand here` : sentence(error.summary)
  return errorAt(at, 'condition_syntax', `${message} (CEL syntax).`)
}

function sentence(summary: string): string {
  return summary.replace(/[.\s]+$/, '')
}

function tooBig(at: readonly [number, number], limit: string): ConditionProblem {
  const deep = limit.includes('maxDepth')
  return errorAt(
    at,
    deep ? 'condition_too_deep' : 'condition_too_big',
    deep
      ? `The condition is nested deeper than ${maxNesting} levels.`
      : `The condition has more than ${maxNodes} parts.`,
    'Split it into several rules.',
  )
}
