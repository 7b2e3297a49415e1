import type { PolicySourceSpec } from '../../schemas/policy-source.ts'
import type { ForgeEvents } from '../forge/forge-event.ts'

/** A repository that policies come from, as far as it is woken. */
export interface Woken {
  /** The PolicySource in force that is about it, or null. */
  inForce(): { readonly spec: PolicySourceSpec } | null
  look(): void
}

/** Looks into a repository as soon as its forge tells of a push; returns how to stop. */
export function wakeByPushes(source: Woken, events: Pick<ForgeEvents, 'subscribe'>): () => void {
  return events.subscribe(({ kind, repository }) => {
    const { forge } = source.inForce()?.spec ?? {}
    if (kind === 'push' && forge?.repository.toLowerCase() === repository.toLowerCase()) {
      source.look()
    }
  })
}
