/** What decides how large a lease is; micro-USD, tokens or calls. */
export interface Demand {
  /** What is neither spent nor leased. */
  readonly left: number
  /** The least that helps. */
  readonly need: number
  /** Proxies that hold leases of the counter, the one that asks included. */
  readonly proxies: number
}

/** A lease is for at most so many calls as large as the one that asks. */
export const mostCalls = 64

/**
 * How much a lease is for: 0 when less is left than is needed, else `max(need, min(left / (2 * proxies), 64 * need))`.
 *
 * Under-use: with P proxies, what is leased when `left` was still available is at most half of it, so the counter never
 * runs dry because of leases that are larger than what was asked for; when `left < 2 * P * need`, leases are exactly
 * what is needed. A refusal (`left < need`) thus leaves unspent less than one call's need, plus what the other P - 1
 * proxies hold idle: each at most 64 of its calls, and only until its lease is renewed (at the latest when its life
 * is over, see `lease-life.ts`), because a counter that somebody wanted in vain calls idle money back.
 */
export function tranche({ left, need, proxies }: Demand): number {
  const least = Math.max(1, need)
  if (left < least) return 0
  const share = Math.floor(left / (2 * Math.max(1, proxies)))
  return Math.max(least, Math.min(share, least * mostCalls))
}
