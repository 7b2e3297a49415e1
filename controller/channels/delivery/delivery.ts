import type { Kysely } from 'kysely'
import type { Service } from '../../../lifecycle/run.ts'
import type { ApprovalEvent } from '../../../schemas/approval.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import type { Database } from '../../store/database.ts'
import { ChannelFailure, mayRetry } from '../failure.ts'
import { PushSubscriptions } from '../push/push-subscriptions.ts'
import { audience } from './audience.ts'
import { type Claimed, type Due, Notifications } from './notifications.ts'
import { type Pace, Traffic, waitAfter } from './pace.ts'
import { type Channels, sendNotice } from './send-notice.ts'
import { situationOf, unnoted } from './situations.ts'

export interface DeliveryNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Pick<Approvals, 'get' | 'note' | 'subscribe'>
  readonly directories: {
    of(namespace: string): Directory | null
    all(): readonly Directory[]
    subscribe(listener: () => void): () => void
  }
  readonly channels: Channels
  readonly pace: Pace
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** Tells people about requests. */
export interface Delivery extends Service {
  /** Has the request looked at: whether somebody is to be told something new of it. */
  look(id: string): void
}

/** After these there is something to tell. */
const telling: ReadonlySet<ApprovalEvent['type']> = new Set([
  ...(['created', 'escalated', 'reminded'] as const),
  ...(['approved', 'denied', 'expired', 'cancelled', 'void'] as const),
])

/** Sees to it by itself even when nobody wakes it: another process may have left something behind. */
const lookAgainMs = 60_000

/** How long the store is left alone after it failed. */
const afterFailureMs = 1000

/** Notes down who is to be told, and tells them until each has been told or is given up. What is noted down is the truth. */
export function delivery(needs: DeliveryNeeds): Delivery {
  const work = new Work(needs)
  return {
    name: 'delivery',
    look: id => work.look(id),
    async run(signal) {
      const stops = [
        needs.approvals.subscribe(({ id, event }) => {
          if (telling.has(event.type)) work.look(id)
        }),
        // Somebody may be told now of what is open already.
        needs.directories.subscribe(() => work.lookAround()),
      ]
      await work.run(signal).finally(() => {
        for (const stop of stops) stop()
      })
    },
  }
}

class Work {
  readonly #needs: DeliveryNeeds
  readonly #rows: Notifications
  readonly #subscriptions: PushSubscriptions
  readonly #traffic: Traffic
  /** Requests to look at, in the order they came. */
  readonly #changed = new Set<string>()
  readonly #underWay = new Set<Promise<void>>()
  #wake = Promise.withResolvers<void>()
  #caughtUp = false

  constructor(needs: DeliveryNeeds) {
    this.#needs = needs
    this.#rows = new Notifications(needs.db, needs.now)
    this.#subscriptions = new PushSubscriptions(needs.db, needs.now)
    this.#traffic = new Traffic(needs.pace)
  }

  look(id: string): void {
    this.#changed.add(id)
    this.#wake.resolve()
  }

  /** Has every request looked at of which nobody was told. */
  lookAround(): void {
    this.#caughtUp = false
    this.#wake.resolve()
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    this.#caughtUp = false
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers()
      await this.#try(() => this.#catchUp())
      const noted = await this.#try(() => this.#note())
      const begun = await this.#try(() => this.#send(signal))
      const waitMs = this.#caughtUp && noted && begun ? await this.#untilNext() : afterFailureMs
      await this.#sleep(waitMs)
    }
    await Promise.all(this.#underWay)
  }

  /** The store may be away for a while, and nothing of this may end the service. */
  async #try(work: () => Promise<void>): Promise<boolean> {
    return work().then(
      () => true,
      error => {
        this.#needs.log.warn({ err: error }, 'notifications not looked at')
        return false
      },
    )
  }

  /** What happened while no process was there to note down whom to tell. */
  async #catchUp(): Promise<void> {
    if (this.#caughtUp) return
    const { db, directories } = this.#needs
    const asking = directories.all().filter(({ channels }) => channels.length > 0)
    const namespaces = asking.map(({ namespace }) => namespace)
    // Before it looks: what changes while it does is looked at once more.
    this.#caughtUp = true
    const found = await unnoted(db, namespaces).catch(error => {
      this.#caughtUp = false
      throw error
    })
    for (const id of found) this.#changed.add(id)
  }

  async #note(): Promise<void> {
    for (const id of [...this.#changed]) {
      this.#changed.delete(id)
      try {
        await this.#noteOne(id)
      } catch (error) {
        // Behind the others, so that it holds none of them up.
        this.#changed.add(id)
        throw error
      }
    }
  }

  /** Notes down whom to tell of what has changed. */
  async #noteOne(id: string): Promise<void> {
    const { db, approvals, directories } = this.#needs
    const request = await approvals.get(id)
    if (request?.state !== 'pending') return this.#rows.close(id)
    const directory = directories.of(request.namespace)
    if (directory === null || directory.channels.length === 0) return
    const needs = { db, subscriptions: this.#subscriptions }
    const situation = await situationOf(needs, request, directory)
    await this.#rows.add(id, audience(request, situation))
  }

  /** Begins to send what is due, as far as there is room. */
  async #send(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#traffic.free() > 0) {
      const due = await this.#rows.due(this.#traffic.free(), this.#traffic.full())
      if (due.length === 0) return
      const places = this.#roomFor(due)
      try {
        const leaseMs = 2 * this.#needs.pace.timeoutMs
        for (const row of await this.#rows.claim([...places.keys()], leaseMs)) {
          this.#begin(row, places.get(row.id) ?? '', signal)
          places.delete(row.id)
        }
      } finally {
        // Somebody else was quicker.
        for (const place of places.values()) this.#traffic.end(place, null)
      }
    }
  }

  /** Takes room for as many as there is room for: places by notification. */
  #roomFor(due: readonly Due[]): Map<number, string> {
    const places = new Map<number, string>()
    for (const { id, place } of due) {
      if (this.#traffic.room(place) === 0) continue
      this.#traffic.begin(place)
      places.set(id, place)
    }
    return places
  }

  #begin(row: Claimed, place: string, signal: AbortSignal): void {
    const sending = this.#deliver(row, signal)
      .catch(error => {
        this.#needs.log.warn({ err: error }, 'notification not noted down')
        return false
      })
      .then(well => {
        this.#traffic.end(place, well)
        this.#underWay.delete(sending)
        this.#wake.resolve()
      })
    this.#underWay.add(sending)
  }

  /** Sends one and notes down how it went; whether it went well. */
  async #deliver(row: Claimed, signal: AbortSignal): Promise<boolean> {
    const { approvals, directories, channels, pace } = this.#needs
    const { timeoutMs } = pace
    const directory = (namespace: string) => directories.of(namespace)
    const get = (id: string) => approvals.get(id)
    try {
      const sent = await sendNotice({ channels, get, directory, timeoutMs }, row, signal)
      await this.#rows.sent(row.id, sent)
    } catch (error) {
      if (signal.aborted) {
        await this.#rows.again(row.id, this.#needs.now(), null)
        return true
      }
      return this.#failed(row, error)
    }
    const { channel: by, kind: detail } = row
    await approvals.note(row.request_id, { type: 'notified', by, detail })
    // It may have ended meanwhile, and who was told of the question is told of its end.
    if (row.kind !== 'resolved') this.look(row.request_id)
    return true
  }

  async #failed(row: Claimed, cause: unknown): Promise<false> {
    const { approvals, now, pace, log } = this.#needs
    const { id, request_id, channel: by, kind, attempts } = row
    const error = cause instanceof ChannelFailure ? cause.message : 'it could not be sent'
    if (!(cause instanceof ChannelFailure)) {
      log.warn({ err: cause, channel: by, request: request_id }, 'notification not sent')
    }
    const at = now() + waitAfter(attempts, pace)
    const end = kind === 'resolved' ? Infinity : await this.#endOf(request_id)
    const hopeless = cause instanceof ChannelFailure && !mayRetry(cause)
    if (!hopeless && attempts < pace.attempts && at < end) {
      await this.#rows.again(id, at, error)
      return false
    }
    await this.#rows.failed(id, error)
    await approvals.note(request_id, {
      type: 'notification_failed',
      by,
      detail: `${kind}: ${error}`,
    })
    log.warn({ channel: by, request: request_id, error }, 'notification given up')
    return false
  }

  async #endOf(id: string): Promise<number> {
    const request = await this.#needs.approvals.get(id)
    return request === null ? 0 : Date.parse(request.expiresAt)
  }

  /** What waits for room is woken by what makes room. */
  async #untilNext(): Promise<number> {
    const { now } = this.#needs
    if (this.#traffic.free() === 0) return lookAgainMs
    const next = await this.#rows.nextDue(this.#traffic.full()).catch(() => now() + afterFailureMs)
    return next === null ? lookAgainMs : Math.min(next - now(), lookAgainMs)
  }

  /** Until somebody wakes it, or the time is over. */
  async #sleep(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake.resolve(), Math.max(1, ms))
    await this.#wake.promise
    clearTimeout(timer)
  }
}
