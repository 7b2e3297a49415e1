import { Document, isMap, isNode, isScalar } from 'yaml'
import type { Path } from '../compile/source-document.ts'
import type { KindDocument } from './kind-document.ts'
import type { Moved } from './portable-policy-spec.ts'

/** A document on its way to text: where its parts come from, and what is said beside them. */
export interface Written {
  readonly document: KindDocument
  /** Parts of the file that are parts of this document; the longest path speaks. */
  readonly moved: readonly Moved[]
  readonly comments: { readonly at: Path; readonly text: string }[]
}

/** The YAML of documents, with their comments before the parts that they are about. */
export function yamlOf(all: readonly Written[]): string {
  return all.map(oneOf).join('---\n')
}

function oneOf({ document, comments }: Written): string {
  const yaml = new Document(document, { aliasDuplicateObjects: false })
  for (const { at, text } of comments) comment(yaml, at, text)
  return yaml.toString({ lineWidth: 0 })
}

function comment(yaml: Document, at: Path, text: string): void {
  const target = nodeAt(yaml, at)
  target.commentBefore = target.commentBefore ? `${target.commentBefore}\n${text}` : text
}

/** What a comment stands before: a key, an item of a list, or the document. */
function nodeAt(yaml: Document, at: Path): { commentBefore?: string | null | undefined } {
  const parent = at.length === 0 ? null : yaml.getIn(at.slice(0, -1), true)
  const step = at.at(-1)
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === step)
    if (isNode(pair?.key)) return pair.key
  }
  const node = at.length === 0 ? null : yaml.getIn(at, true)
  return isNode(node) ? node : yaml
}
