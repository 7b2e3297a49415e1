import type { Actor } from '../approvals/approvals.ts'
import type { AttemptLimit } from './attempt-limit.ts'

/** Something that was tried in vain. */
interface Attempt {
  /** Whom it is counted for: a remote address, or the identity of a person. */
  readonly from: string
  /** What goes on record; nothing when it has nothing to do with approvals. */
  readonly record?: {
    /** The request it was about, when there is one. */
    readonly request: string | null
    readonly detail: string
    readonly actor: Actor
  }
}

/** Counts attempts, and puts on record those that there are not too many of. */
export interface Attempts {
  /** Settles with 0, or with the seconds that whoever it was must wait. */
  failed(attempt: Attempt): Promise<number>
}

interface AttemptsNeeds {
  readonly limit: AttemptLimit
  readonly attempted: (request: string | null, detail: string, actor: Actor) => Promise<void>
  readonly log: { error(fields: object, message: string): void }
}

/** Whoever tries too often is recorded no more until there is room again, so that a flood cannot fill the store. */
export function recordedAttempts({ limit, attempted, log }: AttemptsNeeds): Attempts {
  return {
    async failed({ from, record }) {
      const wait = limit.take(from)
      if (wait === 0 && record !== undefined) {
        await attempted(record.request, record.detail, record.actor).catch(error =>
          log.error({ err: error }, 'attempt not recorded'),
        )
      }
      return wait
    },
  }
}
