import { LineCounter } from 'yaml'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import { parseYaml } from '../../policy/compile/yaml/parse-yaml.ts'
import { plainValue } from '../../policy/compile/yaml/plain-value.ts'
import { longestFile } from '../../policy/compile/yaml/read-documents.ts'

/** What tells a document apart from every other. */
export interface DocumentName {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** A document, and where its text is in its file: offsets in UTF-16 units. */
export interface PlacedDocument extends DocumentName {
  readonly from: number
  readonly to: number
}

/** The documents of a file that are of a kind; `fallback` is the namespace of those that name none. */
export function documentsIn(file: SourceFile, fallback: string): readonly PlacedDocument[] {
  if (file.text.length > longestFile) return []
  const parsed = parseYaml(file.text, new LineCounter())
  if ('tooDeepAt' in parsed) return []
  return parsed.documents.flatMap(({ contents }) => {
    const { kind, metadata } = Object(plainValue(contents).value)
    const { name, namespace = file.namespace ?? fallback } = Object(metadata)
    const [from, to] = contents?.range ?? []
    const words = [kind, namespace, name]
    if (from === undefined || to === undefined || !words.every(isText)) return []
    return [{ kind, namespace, name, from, to }]
  })
}

/** One word for what a document is. */
export function keyOf({ kind, namespace, name }: DocumentName): string {
  return `${kind} ${namespace}/${name}`
}

/** The text of a file with some of its documents left blank, so that the rest stays where it is. */
export function blanked(text: string, gone: readonly PlacedDocument[]): string {
  return gone.reduce(
    (rest, { from, to }) =>
      rest.slice(0, from) + rest.slice(from, to).replace(/[^\n]/g, ' ') + rest.slice(to),
    text,
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
