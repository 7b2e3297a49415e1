import type { EventEmitter } from 'node:events'

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once with status 1. */
export function stopSignal(process: EventEmitter & { exit(code: number): void }): AbortSignal {
  const stop = new AbortController()
  const onSignal = () => (stop.signal.aborted ? process.exit(1) : stop.abort())
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return stop.signal
}
