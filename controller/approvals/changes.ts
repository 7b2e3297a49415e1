import type { ApprovalChange } from './approvals.ts'

/** Who wants to hear of changes. */
export interface Changes {
  tell(changes: readonly ApprovalChange[]): void
  subscribe(listener: (change: ApprovalChange) => void): () => void
}

/** Tells every listener of every change, in order; one that throws does not keep it from the others. */
export function changes(onFailure: (error: unknown) => void): Changes {
  const listeners = new Set<(change: ApprovalChange) => void>()
  return {
    tell(news) {
      for (const change of news) {
        for (const listener of listeners) {
          try {
            listener(change)
          } catch (error) {
            onFailure(error)
          }
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
