import { hash } from 'node:crypto'

/** A limit that people are asked to extend, as it stands. */
export interface Extendable {
  readonly namespace: string
  readonly budget: string
  readonly counter: string
  /** Start of the window; empty for session and total. */
  readonly window: string
  /** What approvals have added so far. */
  readonly extended: number
}

/** The digest of a question about one extension: the same for everybody who waits for it, and another for the next. */
export function extensionDigest(asked: Extendable): string {
  const { namespace, budget, counter, window, extended } = asked
  const text = JSON.stringify(['extension', namespace, budget, counter, window, extended])
  return `sha256:${hash('sha256', text)}`
}
