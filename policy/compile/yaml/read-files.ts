import type { Problem } from '../../../schemas/problem.ts'
import type { SourceDocument } from '../source-document.ts'
import type { SourceFile } from '../source-file.ts'
import { longestFile, readDocuments } from './read-documents.ts'

/** Most text that is read in all, in UTF-16 units. */
const longestInAll = 32 * 1024 * 1024

/** Most documents that are read in all. */
const mostDocuments = 20_000

/** The documents of all files, by path, and what is wrong with their YAML. */
export interface ReadFiles {
  readonly documents: readonly SourceDocument[]
  readonly problems: readonly Problem[]
}

/** Reads files in the order of their paths until the bounds are reached; what is left out is a problem. */
export function readFiles(files: readonly SourceFile[]): ReadFiles {
  const documents: SourceDocument[] = []
  const problems: Problem[] = []
  let length = 0
  for (const file of [...files].sort(byPath)) {
    const read = readDocuments(file)
    length += file.text.length > longestFile ? 0 : file.text.length
    if (length > longestInAll || documents.length + read.documents.length > mostDocuments) {
      problems.push({ ...tooMuch, file: file.path, line: 1, column: 1 })
      break
    }
    for (const document of read.documents) documents.push(document)
    problems.push(...read.problems)
  }
  return { documents, problems }
}

function byPath(a: SourceFile, b: SourceFile): number {
  if (a.path === b.path) return a.text < b.text ? -1 : 1
  return a.path < b.path ? -1 : 1
}

const tooMuch = {
  severity: 'error',
  code: 'too_much',
  message: `Together the files hold more than ${longestInAll / 1024 / 1024} MiB or ${mostDocuments} documents; this file and those after it were not read.`,
} as const
