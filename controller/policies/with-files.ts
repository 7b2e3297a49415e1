import type { SourceFile } from '../../policy/compile/source-file.ts'
import { documentsIn } from '../overrides/documents.ts'
import { overlay } from '../overrides/overlay.ts'

/**
 * Files with others put in: one of the same path is replaced, and so is a document of the same kind, namespace and
 * name wherever it stands. `fallback` is the namespace of documents that name none.
 */
export function withFiles(
  files: readonly SourceFile[],
  put: readonly SourceFile[],
  fallback: string,
): readonly SourceFile[] {
  const paths = new Set(put.map(({ path }) => path))
  const rest = files.filter(({ path }) => !paths.has(path))
  const asOverrides = put.map(file => ({
    id: file.path,
    file,
    documents: documentsIn(file, fallback),
    expiresAt: 0,
  }))
  const named = asOverrides.filter(({ documents }) => documents.length > 0)
  const others = asOverrides.filter(({ documents }) => documents.length === 0)
  return [...overlay(rest, named, { fallback }), ...others.map(({ file }) => file)]
}
