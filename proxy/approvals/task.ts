import { randomUUID } from 'node:crypto'
import { Cancellation } from '../mcp/cancellation.ts'
import type { Exchange } from '../mcp/exchange.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'
import type { Owner } from './call-digest.ts'
import type { OpenRequest } from './open-request.ts'
import type { Prepare } from './ready-call.ts'
import type { KeptAnswer } from './run.ts'

const longestMs = 3_600_000

/** What a task is opened with. */
export interface TaskStart {
  readonly owner: Owner
  readonly exchange: Exchange
  readonly prepare: Prepare
  /** The question that it waits for; null for a call that needs none. */
  readonly request: OpenRequest | null
  readonly now: number
}

/** A call under a handle: it waits for people, is made, and its answer is kept for its client. */
export class Task {
  readonly id = randomUUID()
  readonly owner: Owner
  readonly prepare: Prepare
  readonly request: OpenRequest | null
  readonly createdAt: number
  readonly ttlMs: number
  updatedAt: number
  /** The answer, once there is one. */
  answer: KeptAnswer | null = null
  state: 'open' | 'running' | 'ended' | 'cancelled' = 'open'
  /** Aborts the call when its client cancels the task. */
  readonly cancellation = new Cancellation()
  readonly #reach = { reachable: true, delivered: false }
  readonly #meta: JsonObject
  readonly #listeners = new Set<() => void>()

  constructor({ owner, exchange, prepare, request, now }: TaskStart) {
    const { _meta: meta } = exchange.params
    this.owner = owner
    this.prepare = prepare
    this.request = request
    this.createdAt = now
    this.updatedAt = now
    this.ttlMs = (request === null ? 0 : Date.parse(request.news.expiresAt) - now) + longestMs
    this.#meta = isObject(meta) ? meta : {}
  }

  get over(): boolean {
    return this.state === 'ended' || this.state === 'cancelled'
  }

  /** The call as one of its own: it goes on when the request that began it has been answered, and nobody hears it. */
  detached(exchange: Exchange): Exchange {
    return {
      ...exchange,
      id: this.id,
      params: { _meta: this.#meta },
      cancellation: this.cancellation,
      say: () => undefined,
      reach: this.#reach,
      unheard: true,
    }
  }

  change(state: Task['state'], now: number): void {
    if (this.over) return
    this.state = state
    this.updatedAt = now
    for (const listener of [...this.#listeners]) listener()
  }

  /** Notes that the client was given the answer. */
  handOver(): void {
    this.#reach.delivered = true
  }

  /** Settles at the next change of the task or of its request, or when nobody waits. */
  changed(cancellation: Cancellation): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        this.#listeners.delete(end)
        stop?.()
        cancellation.listen(null)
        resolve()
      }
      const stop = this.request?.onChange(end)
      this.#listeners.add(end)
      cancellation.listen(end)
      if (cancellation.aborted) end()
    })
  }
}
