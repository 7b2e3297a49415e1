/** The API server takes objects of at most 3 MB, and shows the old one and the new one. */
const mostBytes = 7 * 1024 * 1024
/** What all clients together may send at once. */
const mostBytesInAll = 64 * 1024 * 1024

/** Takes note of one body after another; each is given back when it is disposed of. */
export type BodyMemory = () => HeldBody

interface HeldBody extends Disposable {
  /** Counts bytes that came; a status of HTTP when they are too many, of this body or of all. */
  add(bytes: number): 413 | 503 | null
}

/** Bounds what bodies take up in memory, each by itself and all together. */
export function bodyMemory(): BodyMemory {
  let all = 0
  return () => {
    let own = 0
    return {
      add(bytes) {
        own += bytes
        all += bytes
        if (own > mostBytes) return 413
        return all > mostBytesInAll ? 503 : null
      },
      [Symbol.dispose]() {
        all -= own
        own = 0
      },
    }
  }
}
