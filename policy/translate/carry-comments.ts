import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type ParsedNode,
  parseAllDocuments,
} from 'yaml'
import type { Path, SourceDocument } from '../compile/source-document.ts'
import type { Written } from './written.ts'

/** Brings the comments of a document to what its parts became; each stands before what it is about. */
export function carryComments(
  text: string,
  source: SourceDocument,
  written: readonly Written[],
): void {
  for (const { path, comment } of commentsOf(text, source)) {
    const target = targetOf(path, written)
    target?.written.comments.push({ at: target.at, text: comment })
  }
}

interface Found {
  readonly path: Path
  readonly comment: string
}

/** The comments of the document that begins where the source does, in their order. */
function commentsOf(text: string, source: SourceDocument): readonly Found[] {
  const { line } = source.place([])
  const found: Found[] = []
  for (const document of parseAllDocuments(text, { merge: false, uniqueKeys: false })) {
    // An empty document has contents as well: a null at its place.
    const contents = document.contents as ParsedNode
    if (lineAt(text, contents.range[0]) !== line) continue
    keep(found, [], document.commentBefore)
    walk(found, contents, [])
    keep(found, [], document.comment)
  }
  return found
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function walk(found: Found[], node: Node, path: Path): void {
  // The parser gives the comment before the first item to the list.
  const isList = isSeq(node) && node.items.length > 0
  keep(found, isList ? [...path, 0] : path, node.commentBefore)
  if (isMap(node)) for (const pair of node.items) walkPair(found, pair, path)
  if (isSeq(node)) {
    for (const [i, item] of node.items.entries()) if (isNode(item)) walk(found, item, [...path, i])
  }
  keep(found, path, node.comment)
}

function walkPair(found: Found[], { key, value }: Pair, path: Path): void {
  if (!isScalar(key)) return
  const below = [...path, String(key.value)]
  keep(found, below, key.commentBefore)
  keep(found, below, key.comment)
  if (isNode(value)) walk(found, value, below)
}

function keep(found: Found[], path: Path, comment: string | null | undefined): void {
  if (comment) found.push({ path, comment })
}

/** The part that a path became: the longest that leads to it speaks. */
function targetOf(path: Path, written: readonly Written[]) {
  let best: { readonly written: Written; readonly at: Path; readonly length: number } | null = null
  for (const one of written) {
    for (const { from, to } of one.moved) {
      const leads = from.length <= path.length && from.every((step, i) => step === path[i])
      if (leads && from.length > (best?.length ?? -1))
        best = { written: one, at: to, length: from.length }
    }
  }
  return best
}
