import type { Log } from './mcp/needs.ts'

/** Whoever can say what should not happen. */
export interface Notes {
  readonly log: Pick<Log, 'error'>
}

/** Says that something happened that should not; callers are told no more than that. */
export function noteFault({ log }: Notes, err: unknown): void {
  log.error({ err }, 'unexpected error')
}
