/** Remembers what was seen for a while. */
export interface Once {
  /** Whether the key is seen for the first time. */
  first(key: string, now: number): boolean
}

/** Remembers keys for `forMs`; when there are more than `most`, nothing new counts as a first time. */
export function rememberOnce(forMs: number, most = 10_000): Once {
  const seen = new Map<string, number>()
  return {
    first(key, now) {
      for (const [old, at] of seen) {
        if (now - at < forMs) break
        seen.delete(old)
      }
      if (seen.has(key) || seen.size >= most) return false
      seen.set(key, now)
      return true
    },
  }
}
