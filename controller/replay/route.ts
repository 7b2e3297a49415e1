/** What is read of a line before it is parsed; null when it is not as a proxy writes its lines. */
export interface Route {
  readonly proxy: string
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly time: () => number
  readonly isOutcome: boolean
  /** Bytes of the session's name as they are written; empty when there is none. */
  readonly session: Buffer
}

const head =
  /^\{"proxy":"([\w.-]{1,128})","seq":([1-9][0-9]{0,15}),(?:"prev":"[\w-]{43}",)?"time":"([^"\\]{1,40})"(,"phase":"outcome")?/
const longestHead = 256
const session = Buffer.from('"session":"')
const args = Buffer.from('"args":')
const quote = 34

/**
 * Finds out whose line it is without parsing it. Inside a text quotes are escaped, so a member is found by its name; the
 * arguments come last, and what stands in them is no member of the entry.
 */
export function routeOf(line: Buffer): Route | null {
  const [, proxy, seq, written, outcome] = head.exec(line.toString('latin1', 0, longestHead)) ?? []
  if (proxy === undefined || written === undefined) return null
  const found = line.indexOf(session)
  const named = found >= 0 && line.subarray(0, found).indexOf(args) < 0
  const from = found + session.length
  return {
    proxy,
    seq: Number(seq),
    time: () => Date.parse(written),
    isOutcome: outcome !== undefined,
    session: named ? line.subarray(from, line.indexOf(quote, from)) : nothing,
  }
}

/** An entry that a proxy wrote, without its arguments, which come last and may be long. */
export function withoutArgs(line: Buffer): string {
  const at = line.indexOf(args)
  return at < 0 ? line.toString() : `${line.toString('utf8', 0, at - 1)}}`
}

const nothing = Buffer.alloc(0)

/** The thread, out of so many, that a session belongs to: FNV-1a of its bytes. */
export function shardOf(name: Uint8Array, of: number): number {
  let hash = 0x811c9dc5
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % of
}
