/**
 * Counts by a fixed number of words. On the data path, where a counter of the metrics library would take
 * longer to find the place of its labels than a call takes to judge.
 */
export class Tally {
  readonly #root: Node = { count: 0, next: new Map() }

  add(...words: readonly string[]): void {
    let node = this.#root
    for (const word of words) {
      let next = node.next.get(word)
      if (next === undefined) {
        next = { count: 0, next: new Map() }
        node.next.set(word, next)
      }
      node = next
    }
    node.count++
  }

  /** Calls back for every row of words that was counted. */
  each(tell: (words: readonly string[], count: number) => void): void {
    walk(this.#root, [], tell)
  }
}

interface Node {
  count: number
  readonly next: Map<string, Node>
}

function walk(
  { count, next }: Node,
  words: readonly string[],
  tell: (words: readonly string[], count: number) => void,
): void {
  if (count > 0) tell(words, count)
  for (const [word, node] of next) walk(node, [...words, word], tell)
}
