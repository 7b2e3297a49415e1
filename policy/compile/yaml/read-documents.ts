import { type Document, LineCounter } from 'yaml'
import type { Place, Problem } from '../../../schemas/problem.ts'
import type { Path, SourceDocument } from '../source-document.ts'
import type { SourceFile } from '../source-file.ts'
import { offsetOf, offsetWithin } from './node-place.ts'
import { deepest, parseYaml } from './parse-yaml.ts'
import { plainValue } from './plain-value.ts'

/** Longest file that is read, in UTF-16 units. */
export const longestFile = 4 * 1024 * 1024

/** Problems shown for the YAML of one file. */
const mostProblems = 20

/** The documents of a file, and what is wrong with its YAML. Documents that hold nothing are left out. */
export interface ReadDocuments {
  readonly documents: readonly SourceDocument[]
  readonly problems: readonly Problem[]
}

/** Reads the YAML documents of a file. Never throws; of what is not sound YAML only a part may be there. */
export function readDocuments(file: SourceFile): ReadDocuments {
  if (file.text.length > longestFile) return failed(file, tooLong)
  const mark = file.text.startsWith('\uFEFF')
  const character = unfitCharacter.exec(file.text)
  const lines = new LineCounter()
  const parsed = parseYaml(file.text, lines)
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file: file.path, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  if (character !== null) return failed(file, unfit, placeAt(character.index))
  if ('tooDeepAt' in parsed) return failed(file, tooDeep, placeAt(parsed.tooDeepAt))

  const read = parsed.documents.map(document => readDocument(file, document, placeAt))
  const documents = read.flatMap(({ documents }) => documents)
  const problems = read.flatMap(({ problems }) => problems).slice(0, mostProblems)
  const start = placeAt(0)
  const notes = [
    ...(mark ? [{ ...byteOrderMark, ...start }] : []),
    ...(documents.length + problems.length === 0 ? [{ ...empty, ...start }] : []),
  ]
  return { documents, problems: [...problems, ...notes] }
}

function readDocument(
  file: SourceFile,
  document: Document.Parsed,
  placeAt: (offset: number) => Place,
): ReadDocuments {
  const { contents } = document
  const { value, unfit, targets } = plainValue(contents)
  const problems: Problem[] = document.errors.map(({ code, message, pos }) => ({
    severity: 'error',
    code: 'yaml',
    message: code === 'TAB_AS_INDENT' ? tab : sentence(message),
    ...placeAt(pos[0]),
  }))
  for (const { at, ...rest } of problems.length > 0 ? [] : unfit) {
    problems.push({ severity: 'error', ...rest, ...placeAt(at) })
  }
  if (value === null || contents === null) return { documents: [], problems }
  const offset = (path: Path, part: 'key' | 'value' = 'value') =>
    offsetOf(contents, targets, path, part)
  const place: SourceDocument['place'] = (path, part) => placeAt(offset(path, part))
  const placeWithin: SourceDocument['placeWithin'] = (path, value, character) =>
    placeAt(offsetWithin(file.text, offset(path), value, character))
  const sound = problems.length === 0
  return { documents: [{ file, value, sound, place, placeWithin }], problems }
}

function failed(file: SourceFile, what: Failure, place: Place = firstPlace(file)): ReadDocuments {
  return { documents: [], problems: [{ ...what, ...place }] }
}

function firstPlace({ path }: SourceFile): Place {
  return { file: path, line: 1, column: 1 }
}

function sentence(message: string): string {
  const first = message.charAt(0).toUpperCase() + message.slice(1, 200)
  return `This is not YAML: ${first.replace(/[.!?]?$/, '.')}`
}

/** Control characters, and those that make text read in another order than it is written. */
const unfitCharacter = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

type Failure = Omit<Problem, keyof Place>

const tooLong: Failure = {
  severity: 'error',
  code: 'file_too_long',
  message: 'The file is longer than 4 MiB.',
  suggestion: 'Split it.',
}

const tooDeep: Failure = {
  severity: 'error',
  code: 'yaml_too_deep',
  message: `Containers are nested more than ${deepest} deep.`,
}

const unfit: Failure = {
  severity: 'error',
  code: 'yaml_character',
  message: 'The file holds a control character, or one that hides how text reads.',
  suggestion: 'Remove it, or write it as an escape in double quotes.',
}

const byteOrderMark: Failure = {
  severity: 'warning',
  code: 'byte_order_mark',
  message: 'The file begins with a byte order mark.',
  suggestion: 'Save it as UTF-8 without one.',
}

const empty: Failure = {
  severity: 'warning',
  code: 'empty_file',
  message: 'The file holds no document.',
}

const tab = 'This is not YAML: a tab stands where spaces must indent.'
