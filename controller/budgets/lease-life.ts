/** How long leases live, in ms. */
export interface LeaseLife {
  /** While plenty is left. */
  readonly longMs: number
  /** While less is left than the lease is for: idle money comes back sooner. */
  readonly shortMs: number
  /** After somebody needed more than was left, renewals call idle money back for so long. */
  readonly wantedMs: number
  /** Clocks of proxies may differ by so much: for so long around its ends a window is open. */
  readonly skewMs: number
  /** A lease that is not heard of for so long after it expired is written off as spent. */
  readonly writeOffMs: number
  /** A lease of which nothing is left to settle is forgotten so long after its end. */
  readonly forgetMs: number
}

/** The lives of leases unless a test says otherwise. */
export const leaseLife: LeaseLife = {
  longMs: 30_000,
  shortMs: 5_000,
  wantedMs: 10_000,
  skewMs: 300_000,
  writeOffMs: 86_400_000,
  forgetMs: 7 * 86_400_000,
}
