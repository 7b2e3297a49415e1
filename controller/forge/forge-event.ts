/** Something happened at a forge, or may have: whoever cares looks afresh. The same may be told more than once. */
export interface ForgeEvent {
  /** `source`: somebody who may wake a PolicySource says that its repository is another. */
  readonly kind: 'push' | 'change' | 'comment' | 'ping' | 'source'
  /** owner/name, as the forge spells it; of `source` the namespace/name of the PolicySource. */
  readonly repository: string
  /** Of the change or the thread. */
  readonly number?: number
  readonly commentId?: number
  /** Of the webhook that told; null when a look found it. */
  readonly deliveryId: string | null
}

/** Tells events to whoever listens in this process. */
export interface ForgeEvents {
  tell(event: ForgeEvent): void
  /** Calls the listener with every event to come; returns how to stop. */
  subscribe(listener: (event: ForgeEvent) => void): () => void
}

/** Events of one process; a listener that throws is told of and keeps nobody else from hearing. */
export function forgeEvents(onFailure: (error: unknown) => void): ForgeEvents {
  const listeners = new Set<(event: ForgeEvent) => void>()
  return {
    tell(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch (error) {
          onFailure(error)
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
