import type { Log } from './mcp/needs.ts'
import { traceFields } from './telemetry/call-facts.ts'
import type { TraceIds } from './telemetry/call-trace.ts'

/** Whoever can say what should not happen. */
export interface Notes {
  readonly log: Pick<Log, 'error'>
}

/** Says that something happened that should not; callers are told no more than that. */
export function noteFault({ log }: Notes, err: unknown, trace?: TraceIds): void {
  log.error({ err, ...traceFields(trace) }, 'unexpected error')
}
