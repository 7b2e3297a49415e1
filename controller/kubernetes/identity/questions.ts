import { ControllerFailure } from '../../failure.ts'

/** Questions under way. */
export interface Questions<T> {
  /** Asks, or waits for the same question; rejects with `identity_unavailable` when too many are under way. */
  ask(name: string, from: string, question: () => Promise<T>): Promise<T>
}

/** Questions at once, in all and of one address: whoever makes up names makes no more work for others than this. */
const most = { inAll: 32, ofEach: 4 }

export function questions<T>(): Questions<T> {
  const underWay = new Map<string, Promise<T>>()
  const counts = new Map<string, number>()
  const count = (from: string, by: 1 | -1) => {
    const now = (counts.get(from) ?? 0) + by
    if (now > 0) counts.set(from, now)
    else counts.delete(from)
  }
  return {
    async ask(name, from, question) {
      const same = underWay.get(name)
      if (same !== undefined) return same
      if (underWay.size >= most.inAll || (counts.get(from) ?? 0) >= most.ofEach) {
        throw new ControllerFailure('identity_unavailable', 'too many tokens are being reviewed')
      }
      count(from, 1)
      const asked = question().finally(() => {
        underWay.delete(name)
        count(from, -1)
      })
      underWay.set(name, asked)
      return asked
    },
  }
}
