/** What a call takes from a counter: all that it would like, and the least with which it is of use. */
export interface Demand {
  readonly full: number
  readonly least: number
}

/** What a counter can do for a call. `clip`: it is enough for less than all. `ask`: the ledger may have more. */
export type Supply =
  | { readonly kind: 'enough' | 'clip' | 'dry' }
  | { readonly kind: 'ask'; readonly need: number }

/** What is known of a counter. */
export interface Stock {
  /** Leased, and neither used nor set aside. */
  readonly available: number
  /** Not leased to anybody, as the ledger said just now; null when that is not known. */
  readonly left: number | null
  /** How often the ledger has been asked for this call; Infinity once it does not answer. */
  readonly asks: number
}

const mostAsks = 8

/** Decides whether a call can be served from a counter; it is clipped only when the ledger has no more. */
export function supply(demand: Demand, stock: Stock): Supply {
  if (demand.full <= stock.available) return { kind: 'enough' }
  const need = stock.asks < mostAsks ? needed(demand, stock) : null
  if (need !== null) return { kind: 'ask', need }
  return { kind: demand.least <= stock.available ? 'clip' : 'dry' }
}

/**
 * What to ask the ledger for; null when that does not help. First it is the whole call, since the ledger lends in
 * multiples of what is needed, then what is missing, then the rest of the budget.
 */
function needed({ full, least }: Demand, { available, left, asks }: Stock): number | null {
  if (left === null || full <= left) return full
  if (full - available <= left) return full - available
  const helps = least <= available ? asks === 0 : least - available <= left
  return left > 0 && helps ? left : null
}
