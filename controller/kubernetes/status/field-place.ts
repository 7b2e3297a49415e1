import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import { type Path, pathText } from '../../../policy/compile/source-document.ts'
import { offsetWithin } from '../../../policy/compile/yaml/node-place.ts'
import type { Place } from '../../../schemas/problem.ts'

/** Where a place in the text of an object is, as people see the object. */
export interface FieldPlace {
  /** Such as `spec.tools[0].rules[1].when`; empty for the object itself. */
  readonly path: string
  /** Where in a text that is the field's value: its line, and the column from 1; absent at its beginning. */
  readonly within?: { readonly line: string; readonly column: number }
}

/** Finds the field at a line and column of the YAML of an object. */
export function fieldPlace(
  text: string,
  { line, column }: Pick<Place, 'line' | 'column'>,
): FieldPlace {
  const lines = new LineCounter()
  const { contents } = parseDocument(text, { lineCounter: lines })
  const start = lines.lineStarts[line - 1]
  if (contents === null || start === undefined) return { path: '' }
  const offset = start + column - 1
  const { path, node } = nodeAt(contents as Node, offset)
  const value = isScalar(node) && typeof node.value === 'string' ? node.value : null
  const within = value === null ? undefined : characterAt(text, node, value, offset)
  return { path: pathText(path), ...(within !== undefined && { within }) }
}

interface Found {
  readonly path: Path
  readonly node: Node
}

/** The innermost node at an offset; a key stands for its value. */
function nodeAt(contents: Node, offset: number): Found {
  let found: Found = { path: [], node: contents }
  for (;;) {
    const all = children(found)
    // What is missing at the end of a text is found right behind it.
    const next =
      all.find(({ from, to }) => offset >= from && offset < to) ??
      all.find(({ to }) => offset === to)
    if (next === undefined) return found
    found = next
  }
}

interface Child extends Found {
  readonly from: number
  readonly to: number
}

function children({ path, node }: Found): readonly Child[] {
  if (isSeq(node)) {
    return (node.items as Node[]).map((item, i) => childOf([...path, i], item, item))
  }
  if (!isMap(node)) return []
  return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) =>
    childOf([...path, isScalar(key) ? String(key.value) : ''], key, value ?? key),
  )
}

function childOf(path: Path, first: Node, node: Node): Child {
  const [from = 0] = first.range ?? []
  const [, to = 0] = node.range ?? []
  return { path, node, from, to: Math.max(to, from + 1) }
}

/** Longest text in which a character is looked for. */
const longest = 20_000

function characterAt(
  text: string,
  node: Node,
  value: string,
  offset: number,
): FieldPlace['within'] {
  const [start = 0] = node.range ?? []
  if (offset <= start || value.length > longest) return undefined
  let character = 0
  while (character < value.length && offsetWithin(text, start, value, character) < offset)
    character++
  if (character === 0) return undefined
  const before = value.slice(0, character)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: value.slice(lineStart).split('\n', 1)[0] ?? '', column: character - lineStart + 1 }
}
