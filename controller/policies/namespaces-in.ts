import type { SourceFile } from '../../policy/compile/source-file.ts'
import { readDocuments } from '../../policy/compile/yaml/read-documents.ts'

/** The namespaces that the documents of a file are in; `fallback` is that of those that name none. */
export function namespacesIn(file: SourceFile, fallback: string): ReadonlySet<string> {
  const names = readDocuments(file).documents.map(({ value }) => {
    const { metadata }: { readonly metadata?: unknown } = Object(value)
    const { namespace }: { readonly namespace?: unknown } = Object(metadata)
    return typeof namespace === 'string' ? namespace : (file.namespace ?? fallback)
  })
  return new Set(names)
}
