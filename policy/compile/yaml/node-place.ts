import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Range } from 'yaml'
import type { Path } from '../source-document.ts'

/** The offset of the node at a path, or of its key; of the nearest node above where there is none. */
export function offsetOf(
  contents: Node,
  targets: ReadonlyMap<Node, Node>,
  path: Path,
  part: 'key' | 'value',
): number {
  let node: Node | undefined = contents
  let offset = startOf(contents)
  for (const [depth, step] of path.entries()) {
    const found = stepInto(isAlias(node) ? targets.get(node) : node, step)
    if (found === null) break
    node = found.value
    offset = startOf(depth === path.length - 1 && part === 'key' ? found.key : node)
  }
  return offset
}

interface Found {
  readonly key: Node
  readonly value: Node
}

function stepInto(node: Node | undefined, step: string | number): Found | null {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined
    return item === undefined ? null : { key: item, value: item }
  }
  if (!isMap(node)) return null
  const pair = (node.items as Pair<Node, Node | null>[]).find(
    ({ key }) => isScalar(key) && key.value === step,
  )
  return pair === undefined ? null : { key: pair.key, value: pair.value ?? pair.key }
}

/** Where a node begins; what was parsed always has a range. */
export function startOf(node: Node): number {
  return (node.range as Range)[0]
}

/** The offset in the file of a character of a scalar's value, whichever way the scalar is quoted or folded. */
export function offsetWithin(
  text: string,
  start: number,
  value: string,
  character: number,
): number {
  let at = /["']/.test(text.charAt(start)) ? start + 1 : start
  if (/[|>]/.test(text.charAt(start))) at = text.indexOf('\n', start)
  // Folding and escapes change white space and add backslashes, but keep every other character in order.
  for (const c of value.slice(0, character)) {
    if (/\s/.test(c)) continue
    const found = text.indexOf(c, at)
    if (found >= 0) at = found + c.length
  }
  const next = value.charAt(character)
  const found = next === '' || /\s/.test(next) ? at : text.indexOf(next, at)
  return Math.max(found, at)
}
