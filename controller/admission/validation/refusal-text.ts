import type { Problem } from '../../../schemas/problem.ts'
import { oneLine } from '../../channels/printable.ts'
import type { WritObject } from '../../kubernetes/objects.ts'
import { pathOfObject, versionOf } from '../../kubernetes/reconcile/object-file.ts'
import { type FieldPlace, fieldPlace } from '../../kubernetes/status/field-place.ts'

/** Problems that one refusal shows. */
const mostShown = 5
const longestMessage = 600

/**
 * Errors as people read them after `denied the request:`: for each the field and column, the sentence and its code,
 * the line with a caret, and the remedy.
 */
export function refusalText(errors: readonly Problem[], object: WritObject): string {
  const placed = placesIn(object)
  const shown = errors.slice(0, mostShown).map(error => words(error, placed(error)))
  const more = errors.length - mostShown
  const rest = more > 0 ? [`and ${more} more`] : []
  return ['it does not compile:', ...shown, ...rest].join('\n')
}

/** A warning on one line. */
export function warningText(warning: Problem, object: WritObject): string {
  const [first = ''] = words(warning, placesIn(object)(warning)).split('\n', 1)
  return warning.suggestion === undefined ? first : `${first} ${warning.suggestion}`
}

function words({ message, code, suggestion }: Problem, { path, within }: FieldPlace): string {
  const column = within === undefined ? '' : `, column ${within.column}`
  return [
    `${path}${column}${path === '' ? '' : ': '}${oneLine(message, longestMessage)} (${code})`,
    ...(within === undefined ? [] : excerpt(within)),
    ...(suggestion === undefined ? [] : [`  help: ${oneLine(suggestion, longestMessage)}`]),
  ].join('\n')
}

/** Where problems are, as whoever wrote the object sees it; of another object, which one it is. */
function placesIn(object: WritObject): (problem: Problem) => FieldPlace {
  const file = pathOfObject(object)
  const { text } = versionOf(object)
  return problem => {
    if (problem.file !== file) return { path: problem.file }
    const place = fieldPlace(text, problem)
    return place.within === undefined ? { ...place, ...beginning(object, place.path) } : place
  }
}

/** The first line of the text at a path, for what is wrong from its beginning; nothing where there is no text. */
function beginning(object: WritObject, path: string): Pick<FieldPlace, 'within'> {
  const steps = path.match(/[^.[\]]+/g) ?? []
  const value = steps.reduce<unknown>((at, step) => Object(at)[step], object)
  return typeof value === 'string'
    ? { within: { line: value.split('\n', 1)[0] ?? '', column: 1 } }
    : {}
}

/** Characters of a long line that are shown before the place, and in all. */
const shown = { before: 60, all: 120 }

function excerpt({ line, column }: NonNullable<FieldPlace['within']>): readonly string[] {
  const from = Math.max(0, column - 1 - shown.before)
  const before = line.slice(from, column - 1)
  return [`    ${line.slice(from, from + shown.all)}`, `    ${before.replace(/[^\t]/g, ' ')}^`]
}
