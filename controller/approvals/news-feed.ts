import type { ApprovalEvent } from '../../schemas/approval.ts'
import type { Approvals } from './approvals.ts'

/** Who is told news. */
interface Reader {
  send(event: string, data: unknown): void
  /** Cuts the reader off: it comes back and asks how things stand. */
  end(): void
  whenClosed(stop: () => void): void
}

/** News of every request to every reader; each is read from the store once, however many readers there are. */
export interface NewsFeed {
  /** With a namespace the reader hears of that one only. */
  add(reader: Reader, namespace: string | null): void
}

/** What proxies need not hear of. */
const asides: ReadonlySet<ApprovalEvent['type']> = new Set([
  'notified',
  'notification_failed',
  'judged',
  'reminded',
  'attempt_refused',
  'outcome',
])

const mostAtOnce = 500

/** Listens while there is somebody to tell. When news cannot be read every reader is cut off, so that none misses any. */
export function newsFeed(approvals: Approvals, onFailure: (error: unknown) => void): NewsFeed {
  const readers = new Map<Reader, string | null>()
  const changed = new Set<string>()
  let telling = false
  let stop: (() => void) | null = null

  const readersOf = (namespace: string) =>
    [...readers].flatMap(([reader, only]) => (only === null || only === namespace ? [reader] : []))

  const tell = async () => {
    while (changed.size > 0) {
      const ids = [...changed].slice(0, mostAtOnce)
      for (const id of ids) changed.delete(id)
      for (const news of await approvals.news(ids)) {
        for (const reader of readersOf(news.asker.namespace)) reader.send('news', news)
      }
    }
  }

  const wake = () => {
    if (telling) return
    telling = true
    // One turn later: what one transaction changes is told together.
    setImmediate(() => {
      tell()
        .catch(error => {
          onFailure(error)
          for (const reader of readers.keys()) reader.end()
        })
        .finally(() => {
          telling = false
          if (changed.size > 0 && readers.size > 0) wake()
        })
    })
  }

  return {
    add(reader, namespace) {
      readers.set(reader, namespace)
      stop ??= approvals.subscribe(({ id, event }) => {
        if (asides.has(event.type)) return
        changed.add(id)
        wake()
      })
      reader.whenClosed(() => {
        readers.delete(reader)
        if (readers.size > 0) return
        stop?.()
        stop = null
        changed.clear()
      })
    },
  }
}
