import { backoff } from '../../../lifecycle/backoff.ts'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'
import type { WritObject } from '../objects.ts'
import type { Events } from '../status/events.ts'
import type { AppliedObjects } from './apply-objects.ts'
import { wordsOf } from './apply-objects.ts'
import { type WriteSourceStatusNeeds, writeSourceStatus } from './source-status.ts'
import type { SourceSync } from './sync-source.ts'

export interface KeepSourceNeeds extends WriteSourceStatusNeeds {
  readonly object: WritObject
  readonly intervalMs: number
  readonly open: () => Promise<SourceSync>
  readonly events: Events
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** One source while it is kept, and how to wake it. */
export interface KeptSource extends Service {
  /** Looks into the repository now. */
  look(): void
  /** Looks at the objects now. */
  wake(): void
}

/** After a failure the repository is asked again no later than this. */
const mostRetryMs = 30_000

/** Objects are looked at after this long even when nothing told of a change, ms. */
const objectsMs = 10_000

/** What changes in one go is looked at once, ms. */
const settleMs = 200

/** Fetches a repository again and again and keeps the objects of the source equal to it. */
export function keepSource(needs: KeepSourceNeeds): KeptSource {
  const { object, intervalMs, open, events, onFailure, now } = needs
  let woken = new AbortController()
  let fetchAt = 0
  let sync: SourceSync | null = null
  const waits = backoff(500, mostRetryMs)

  const pass = async (signal: AbortSignal): Promise<void> => {
    sync ??= await open()
    const isDue = now() >= fetchAt
    if (isDue) await sync.fetch(signal)
    const { state, failure, done } = await sync.apply(signal)
    const laterMs = failure === null ? intervalMs : Math.min(intervalMs, mostRetryMs)
    if (isDue) fetchAt = now() + laterMs
    const news = await writeSourceStatus(needs, object.metadata, { state, failure })
    if (news === null) woken.abort()
    for (const event of [...(news ?? []), ...eventsOf(done)]) await events.tell(object, event)
  }

  const attempt = async (signal: AbortSignal): Promise<number> => {
    try {
      await pass(signal)
      waits.reset()
      return Math.min(Math.max(0, fetchAt - now()), objectsMs)
    } catch (error) {
      if (signal.aborted) return 0
      onFailure(error)
      const message = error instanceof Error ? error.message : 'see the log of the controller'
      const failure = { code: codeOf(error), message }
      await writeSourceStatus(needs, object.metadata, { state: {}, failure }).catch(onFailure)
      return waits.next()
    }
  }

  return {
    name: `source ${object.metadata.namespace}/${object.metadata.name}`,
    look() {
      fetchAt = 0
      woken.abort()
    },
    wake: () => woken.abort(),
    async run(signal) {
      while (!signal.aborted) {
        woken = new AbortController()
        const afterMs = await attempt(signal)
        await wait(settleMs, signal)
        await wait(afterMs, AbortSignal.any([signal, woken.signal]))
      }
    },
  }
}

function codeOf(error: unknown): string {
  const { code } = Object(error)
  return typeof code === 'string' && /^[A-Za-z]\w*$/.test(code) ? code : 'failed'
}

function eventsOf(done: AppliedObjects | null) {
  if (done === null) return []
  const { applied, putBack, removed } = done
  const words = (paths: readonly string[]) => paths.slice(0, 20).map(wordsOf).join(', ')
  const told = [
    ['Applied', 'Apply', applied.map(({ path }) => path)],
    ['PutBack', 'Revert', putBack.map(({ path }) => path)],
    ['Pruned', 'Prune', removed],
  ] as const
  return told
    .filter(([, , paths]) => paths.length > 0)
    .map(([reason, action, paths]) => ({
      ...({ type: 'Normal', reason, action } as const),
      note: `${paths.length} objects: ${words(paths)}`,
    }))
}
