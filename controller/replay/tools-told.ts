import type { RecordFacts } from '../../schemas/record-facts.ts'
import { isMarked } from './shown-args.ts'

/** No session has more. */
const mostTools = 256

/** Names of the tools that a session used, by position, as far as its entries have named them. */
export class ToolsTold {
  /** When the session began that they are of, ms since 1970: another may have the same name. */
  readonly startedAt: number
  readonly #names: (string | undefined)[] = []

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  /** Takes the names that an entry of the session adds. */
  take({ startedAt, newTools }: RecordFacts): void {
    if (newTools === undefined || startedAt !== this.startedAt) return
    for (const [i, name] of newTools.names.entries()) {
      const position = newTools.from + i
      if (position < mostTools) this.#names[position] = name
    }
  }

  /** The first so many names; null unless each of them is known as it was. */
  first(count: number): readonly string[] | null {
    if (count > mostTools) return null
    const names = Array.from({ length: count }, (_, i) => this.#names[i])
    return names.every(name => name !== undefined && !isMarked(name)) ? (names as string[]) : null
  }
}
