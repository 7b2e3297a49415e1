import type { Settling } from './ledger.ts'

/** Several who count what entries say, one after the other in the transaction that stores them. */
export function settleAll(parts: readonly Settling[]): Settling {
  return {
    async settle(db, entries) {
      const settled: (() => void)[] = []
      for (const part of parts) settled.push(await part.settle(db, entries))
      return () => {
        for (const done of settled) done()
      }
    },
  }
}
