import type { CallKind } from '../../schemas/call-kind.ts'
import type { HaltNotice } from '../../schemas/halt.ts'
import type { Caller } from '../mcp/needs.ts'

/** What people have stopped for now, read synchronously. */
export interface Halts {
  /** The halt that covers such calls of the caller now, the oldest of several; null when none does. */
  on(caller: Caller, kind: CallKind): HaltNotice | null
  /** Calls the listener after every change; returns how to stop. */
  subscribe(listener: () => void): () => void
}

/** Where nobody can halt anything. */
export const noHalts: Halts = { on: () => null, subscribe: () => () => undefined }

/** Whether a halt is about such calls of the caller. */
export function covers(
  { what, namespace, agent }: HaltNotice,
  caller: Caller,
  kind: CallKind,
): boolean {
  if (what !== 'all' && (what === 'models') !== (kind === 'model')) return false
  if (namespace !== undefined && namespace !== caller.namespace) return false
  return agent === undefined || agent === caller.agent.name
}

/** Calls `cut` once, when a halt comes to cover the call; returns how to stop. */
export function untilHalted(
  halts: Halts,
  caller: Caller,
  kind: CallKind,
  cut: (halt: HaltNotice) => void,
): () => void {
  const stop = halts.subscribe(() => {
    const halt = halts.on(caller, kind)
    if (halt === null) return
    stop()
    cut(halt)
  })
  return stop
}
