import { backoff } from '../../../lifecycle/backoff.ts'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'
import { ChannelFailure, mayRetry } from '../failure.ts'
import type { News, NewsAddress } from './news.ts'

export interface NewsDeskNeeds {
  readonly inform: (news: News, address: NewsAddress, signal: AbortSignal) => Promise<void>
  readonly log: { warn(fields: object, message: string): void }
  /** How often an address is tried, and how long after the first failure it is tried again. */
  readonly pace?: {
    readonly attempts: number
    readonly firstMs: number
    readonly timeoutMs: number
  }
}

/** Tells news until it is told or given up. */
export interface NewsDesk extends Service {
  /** Takes news; false when so much waits that it is not told. */
  tell(news: News, addresses: readonly NewsAddress[]): boolean
}

/** Addresses that wait at the most: more is a flood that nobody reads. */
const mostWaiting = 1000

const mostUnderWay = 16

const usualPace = { attempts: 6, firstMs: 2000, timeoutMs: 15_000 }

/** News is kept in memory only: it is not told again after a restart. */
export function newsDesk({ inform, log, pace = usualPace }: NewsDeskNeeds): NewsDesk {
  const waiting: Waiting[] = []
  let wake = Promise.withResolvers<void>()

  const tellOne = async ({ news, address }: Waiting, signal: AbortSignal) => {
    const waits = backoff(pace.firstMs, 60_000)
    for (let left = pace.attempts - 1; !signal.aborted; left--) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(pace.timeoutMs)])
      const failure = await failureOf(inform(news, address, limit))
      if (failure === null) return
      if (left <= 0 || !worthwhile(failure)) {
        log.warn({ err: failure, channel: address.channel, news: news.id }, 'news given up')
        return
      }
      await wait(waits.next(), signal)
    }
  }

  return {
    name: 'news',
    tell(news, addresses) {
      if (waiting.length + addresses.length > mostWaiting) {
        log.warn({ news: news.id, waiting: waiting.length }, 'news not told, too much waits')
        return false
      }
      waiting.push(...addresses.map(address => ({ news, address })))
      wake.resolve()
      return true
    },
    async run(signal) {
      const underWay = new Set<Promise<void>>()
      signal.addEventListener('abort', () => wake.resolve(), { once: true })
      while (!signal.aborted) {
        wake = Promise.withResolvers()
        for (const some of waiting.splice(0, mostUnderWay - underWay.size)) {
          const telling = tellOne(some, signal).finally(() => {
            underWay.delete(telling)
            wake.resolve()
          })
          underWay.add(telling)
        }
        await wake.promise
      }
      await Promise.all(underWay)
    },
  }
}

interface Waiting {
  readonly news: News
  readonly address: NewsAddress
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => null,
    error => error ?? new Error('it could not be sent'),
  )
}

function worthwhile(failure: unknown): boolean {
  return !(failure instanceof ChannelFailure) || mayRetry(failure)
}
