import type { TopicLog } from './topic-log.ts'

/** One who follows one topic. */
export interface Reader {
  /** Sends what is there and not sent yet, in order; one call at a time does the work. */
  wake(): void
  stop(): void
}

interface ReaderNeeds {
  readonly log: TopicLog
  /** Settles once the text has left; false when nobody is there any more. */
  readonly send: (text: string) => Promise<boolean>
  /** Whether the reader may hear of a namespace now. */
  readonly hears: (namespace: string | null) => boolean
  /** Says that something was missed, and that the newest message has this number. */
  readonly missed: (newest: number) => Promise<boolean>
  readonly onFailure: (error: unknown) => void
}

/**
 * Reads a log from behind the message `after`, at the pace at which it is taken; what was forgotten
 * meanwhile is said to be missed. Null begins with a word that something was missed.
 */
export function reader(needs: ReaderNeeds, after: number | null): Reader {
  const { log, onFailure } = needs
  let next = after === null ? null : after + 1
  let stopped = false
  let busy = false

  const step = async (): Promise<boolean> => {
    const newest = log.newest()
    if (next !== null && next > newest) return false
    const message = next === null ? null : log.at(next)
    if (message === null) {
      next = newest + 1
      return needs.missed(newest)
    }
    next = (next ?? 0) + 1
    return needs.hears(message.namespace) ? needs.send(await message.text()) : true
  }

  const work = async () => {
    if (busy) return
    busy = true
    try {
      while (!stopped && (await step()));
    } finally {
      busy = false
    }
  }

  const wake = () => void work().catch(onFailure)
  const forget = log.subscribe(wake)
  return {
    wake,
    stop() {
      stopped = true
      forget()
    },
  }
}
