import type { Problem } from '../../../schemas/problem.ts'
import { fieldPlace } from './field-place.ts'

/** A problem as the status of an object has it. */
export interface ObjectProblem {
  readonly severity: Problem['severity']
  readonly code: string
  readonly message: string
  readonly suggestion?: string
  /** The field; absent for the object itself and for other objects. */
  readonly path?: string
}

/** A version of an object, in which problems have places. */
export interface PlacedText {
  /** What the object is called among files. */
  readonly path: string
  readonly text: string
}

/** A problem as people find it in their object: which field, and where in its text. */
export function objectProblem(problem: Problem, object: PlacedText): ObjectProblem {
  const { severity, code, message, suggestion } = problem
  const isOwn = problem.file === object.path
  const path = isOwn ? fieldPlace(object.text, problem).path : ''
  return {
    severity,
    code,
    message: isOwn ? message : `${problem.file}: ${message}`,
    ...(suggestion !== undefined && { suggestion }),
    ...(path !== '' && { path }),
  }
}

/**
 * A problem in words, for a person who sees only this: the field and column, the sentence, the line with
 * a caret where there is one, and the remedy.
 */
export function problemWords(problem: Problem, object: PlacedText): string {
  const { message, suggestion } = problem
  if (problem.file !== object.path) return `${problem.file}: ${message}`
  const { path, within } = fieldPlace(object.text, problem)
  const where = [path, ...(within === undefined ? [] : [`column ${within.column}`])]
  return [
    `${where.filter(Boolean).join(', ')}${where.join('') === '' ? '' : ': '}${message}`,
    ...(within === undefined ? [] : excerpt(within)),
    ...(suggestion === undefined ? [] : [`  ${suggestion}`]),
  ].join('\n')
}

/** Characters of a long line that are shown before the place, and in all. */
const shown = { before: 60, all: 120 }

function excerpt({ line, column }: { readonly line: string; readonly column: number }) {
  const from = Math.max(0, column - 1 - shown.before)
  const text = line.slice(from, from + shown.all)
  return [`  ${text}`, `  ${' '.repeat(column - 1 - from)}^`]
}
