/** Everything that can be wrong with an export. Codes are the contract. */
export type FlawCode =
  | 'line_malformed'
  | 'line_too_long'
  | 'misplaced'
  | 'too_much'
  | 'header_missing'
  | 'end_missing'
  | 'end_differs'
  | 'end_unsigned'
  | 'entry_repeated'
  | 'entry_missing'
  | 'link_differs'
  | 'link_missing'
  | 'begin_missing'
  | 'tail_missing'
  | 'key_invalid'
  | 'key_unvouched'
  | 'seal_invalid'
  | 'seal_old_key'
  | 'seal_differs'
  | 'checkpoint_invalid'
  | 'checkpoint_old_key'
  | 'checkpoint_missing'
  | 'checkpoint_differs'
  | 'published_missing'
  | 'published_differs'
  | 'key_not_pinned'

/** One thing that is wrong, and where. */
export interface Flaw {
  readonly code: FlawCode
  /** Line of the export, from 1; 0 when it is about all of it. */
  readonly line: number
  readonly proxy?: string
  /** The first entry that is not as it was, as nearly as can be told. */
  readonly seq?: number
  /** A sentence; nothing in it but numbers, names of proxies and of keys. */
  readonly message: string
}

const mostKept = 1000

/** Flaws as they are found; the first thousand are kept and the others counted. */
export class Flaws {
  readonly #kept: Flaw[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add(flaw: Flaw): void {
    this.#count += 1
    if (this.#kept.length < mostKept) this.#kept.push(flaw)
  }

  /** Those that are kept, in the order of lines; what is about all of the export comes last. */
  list(): readonly Flaw[] {
    const place = ({ line }: Flaw) => (line === 0 ? Number.POSITIVE_INFINITY : line)
    return this.#kept.toSorted((a, b) => (place(a) < place(b) ? -1 : Number(place(a) > place(b))))
  }
}
