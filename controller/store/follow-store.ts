import { Client } from 'pg'
import { backoff } from '../../lifecycle/backoff.ts'
import { run, type Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'

/** Something kept here that other processes change in the store as well. */
export interface Follower {
  /** Where PostgreSQL tells of changes. */
  readonly channel: string
  /** Reads what changed since it was called last. */
  look(): Promise<unknown>
}

export interface FollowStoreNeeds {
  readonly databaseUrl: string
  readonly followers: readonly Follower[]
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** How often everybody looks, told or not: a notification may be lost with its connection, or never come through a pooler. */
const lookMs = 2000

/** How often the connection is tried while nothing comes: one that broke in silence is found. */
const tryMs = 15_000

/** Lets followers look as soon as another process says that it changed something, and every 2 s. */
export function followStore(needs: FollowStoreNeeds): Service {
  const lookers = needs.followers.map(follower => looker(follower, needs.onFailure))
  const hear = (channel?: string) => {
    for (const looker of lookers) {
      if (channel === undefined || channel === looker.channel) looker.wake()
    }
  }
  const waits = backoff(100, 10_000)
  const listening: Service = {
    name: 'notifications of the store',
    async run(signal) {
      while (!signal.aborted) {
        await listen(needs, hear, waits.reset, signal).catch(needs.onFailure)
        await wait(waits.next(), signal)
      }
    },
  }
  return { name: 'changes in the store', run: signal => run([listening, ...lookers], signal) }
}

interface Looker extends Service {
  readonly channel: string
  wake(): void
}

/** Looks once at a time; what is told meanwhile makes it look once more. */
function looker(follower: Follower, onFailure: (error: unknown) => void): Looker {
  const { channel } = follower
  let woken = new AbortController()
  return {
    name: channel,
    channel,
    wake: () => woken.abort(),
    async run(signal) {
      while (!signal.aborted) {
        await wait(lookMs, AbortSignal.any([signal, woken.signal]))
        woken = new AbortController()
        if (!signal.aborted) await follower.look().catch(onFailure)
      }
    },
  }
}

/** One connection for all channels, until it breaks or the signal aborts. */
async function listen(
  { databaseUrl, followers }: FollowStoreNeeds,
  hear: (channel?: string) => void,
  works: () => void,
  signal: AbortSignal,
): Promise<void> {
  const client = connection(databaseUrl)
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  client.on('error', reject)
  client.on('end', () => reject(new Error('the connection to the store ended')))
  client.on('notification', ({ channel }) => hear(channel))
  try {
    await client.connect()
    for (const { channel } of followers) await client.query(`listen ${channel}`)
    works()
    hear()
    while (!signal.aborted) {
      await Promise.race([wait(tryMs, signal), broken])
      if (!signal.aborted) await client.query('select 1')
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}

function connection(connectionString: string): Client {
  return new Client({
    connectionString,
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    keepAlive: true,
    application_name: 'writ changes',
  })
}
