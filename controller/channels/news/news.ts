import type { Directory } from '../../../schemas/directory.ts'
import { oneLine } from '../printable.ts'

/** Something that people are told and need not answer. */
export interface News {
  /** The same at every try, and of no other news. */
  readonly id: string
  /** What programs know it by. */
  readonly type: string
  /** ISO 8601. */
  readonly at: string
  /** A sentence that says what kind of news it is. */
  readonly lead: string
  /** One line. */
  readonly title: string
  readonly facts: readonly { readonly name: string; readonly text: string }[]
  /** A sentence that says what follows from it. */
  readonly closing: string
  /** The same for programs. */
  readonly data: object
}

/** Where news goes: a channel, and whom it tells there; empty for a channel that is one place. */
export interface NewsAddress {
  readonly directory: Directory
  readonly channel: string
  readonly recipient: string
}

/** The facts a line each, with nothing in them that does not show. */
export function factLines({ facts }: News): readonly string[] {
  return facts.map(({ name, text }) => `${name}: ${oneLine(text, 500)}`)
}
