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
 * How much a lease is for: nothing when less is left than is needed, else as many calls of the size that is needed as
 * `left / (2 * proxies * need)` has whole ones, but at least one and at most 64.
 *
 * Under-use: with P proxies, leases are for exactly one call as soon as `left < 4 * P * need`, and none is for more than
 * a half of what each proxy could have. A refusal (`left < need`) thus leaves unspent less than one call's need, what
 * calls in flight have set aside, and what the other P - 1 proxies hold idle: each at most 64 of its calls, and only
 * until its lease is renewed or over (`lease-life.ts`), because a counter that somebody wanted in vain calls idle
 * money back.
 */
export function tranche({ left, need, proxies }: Demand): number {
  const least = Math.max(1, need)
  if (left < least) return 0
  const calls = Math.floor(left / (2 * Math.max(1, proxies) * least))
  return least * Math.min(Math.max(1, calls), mostCalls)
}
