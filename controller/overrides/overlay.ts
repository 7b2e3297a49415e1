import type { SourceFile } from '../../policy/compile/source-file.ts'
import { blanked, type DocumentName, documentsIn, keyOf } from './documents.ts'

/** Documents that stand in place of others until a time. */
export interface Overriding {
  readonly id: string
  /** As the compiler reads it. */
  readonly file: SourceFile
  readonly documents: readonly DocumentName[]
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Namespaces and the one of documents that name none. */
export interface OverlayOptions {
  readonly fallback: string
  /** Whether documents of a namespace are wanted; all are when omitted. */
  readonly isWanted?: (namespace: string) => boolean
}

/**
 * Files with the documents of overrides in place of those of the same kind, namespace and name, or beside
 * the others. What is replaced is left blank, so that problems of the rest stay at their lines.
 */
export function overlay(
  files: readonly SourceFile[],
  overrides: readonly Overriding[],
  { fallback, isWanted = () => true }: OverlayOptions,
): readonly SourceFile[] {
  const wanted = overrides
    .map(({ file, documents, ...rest }) => ({
      ...rest,
      file,
      documents: documents.filter(({ namespace }) => isWanted(namespace)),
    }))
    .filter(({ documents }) => documents.length > 0)
  if (wanted.length === 0) return files
  const taken = wanted.flatMap(({ documents }) => documents)
  const keys = new Set(taken.map(keyOf))
  const names = [...new Set(taken.map(({ name }) => name))]
  const rest = files.flatMap(file => {
    // Most files hold nothing of the sort, and to read all of them twice would take long.
    if (!names.some(name => file.text.includes(name))) return [file]
    return without(file, fallback, document => keys.has(keyOf(document)))
  })
  const own = wanted.flatMap(({ file }) =>
    without(file, fallback, ({ namespace }) => !isWanted(namespace)),
  )
  return [...rest, ...own]
}

/** The file without some of its documents; nothing when none is left. */
function without(
  file: SourceFile,
  fallback: string,
  isGone: (document: DocumentName) => boolean,
): readonly SourceFile[] {
  const gone = documentsIn(file, fallback).filter(isGone)
  if (gone.length === 0) return [file]
  const left = blanked(file.text, gone)
  return isBare(left) ? [] : [{ ...file, text: left }]
}

/** Whether nothing but comments and separators is left. */
function isBare(text: string): boolean {
  return text.split('\n').every(line => /^\s*(#.*|---.*|\.\.\.)?\s*$/.test(line))
}
