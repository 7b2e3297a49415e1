import { covers, type Halts } from '../../../proxy/halts/halts.ts'
import type { HaltNotice } from '../../../schemas/halt.ts'

export const since = '2026-11-22T06:00:00.000Z'

/** A halt of everything, unless something else is said. */
export function notice(more: Partial<HaltNotice> = {}): HaltNotice {
  return { id: 'hlt-1', what: 'all', reason: 'incident 4711', by: 'ana', since, ...more }
}

/** Halts that a test sets. */
export interface SettableHalts extends Halts {
  set(...halts: readonly HaltNotice[]): void
}

export function settableHalts(): SettableHalts {
  const listeners = new Set<() => void>()
  let standing: readonly HaltNotice[] = []
  return {
    on: (caller, kind) => standing.find(halt => covers(halt, caller, kind)) ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set(...halts) {
      standing = halts
      for (const listener of listeners) listener()
    },
  }
}
