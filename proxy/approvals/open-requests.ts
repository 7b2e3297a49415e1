import type { ApprovalNews } from '../../schemas/approval.ts'
import type { Cancellation } from '../mcp/cancellation.ts'
import type { Questions } from '../mcp/needs.ts'
import { isOwner, type Owner } from './call-digest.ts'
import { OpenRequest } from './open-request.ts'
import type { Prepare } from './ready-call.ts'
import type { KeptAnswer, Run } from './run.ts'
import { Shelf } from './shelf.ts'

export interface OpenRequestsNeeds {
  readonly questions: Questions
  readonly now: () => number
}

const most = 4096
const mostParkedBytes = 64 * 1024 * 1024
const mostKeptBytes = 64 * 1024 * 1024
const longestKept = 1024 * 1024
const keptMs = 3_600_000
const sweepMs = 60_000

/** The questions that this proxy has asked and not forgotten, their parked calls and the answers of those that were made. */
export class OpenRequests {
  readonly #needs: OpenRequestsNeeds
  readonly #byId = new Map<string, OpenRequest>()
  readonly #byDigest = new Map<string, OpenRequest>()
  readonly #stops = new Map<OpenRequest, () => void>()
  readonly #resolvedAt = new Map<OpenRequest, number>()
  readonly #parked = new Shelf<OpenRequest>(mostParkedBytes, request => {
    request.parked = null
  })
  readonly #kept = new Shelf<Run>(mostKeptBytes, run => {
    run.kept = null
  })
  readonly #stopping = new Set<() => void>()
  #sweptAt = 0
  #stopped = false

  constructor(needs: OpenRequestsNeeds) {
    this.#needs = needs
  }

  /** The request that the news is about: known already, or known from now on. */
  open(news: ApprovalNews, owner: Owner, workflows: readonly string[]): OpenRequest {
    this.#sweep()
    const known = this.#byId.get(news.id)
    if (known !== undefined) {
      known.hear(news)
      return known
    }
    const request = new OpenRequest(news, owner, workflows)
    this.#byId.set(request.id, request)
    this.#byDigest.set(request.digest, request)
    this.#stops.set(
      request,
      this.#needs.questions.watch(request.id, told => this.#told(request, told)),
    )
    this.#told(request, news)
    return request
  }

  /** Null for an id that is not known here, and for every other caller's. */
  find(id: string, owner: Owner): OpenRequest | null {
    const request = this.#byId.get(id)
    return request !== undefined && isOwner(request.owner, owner) ? request : null
  }

  /** The newest request for the digest. */
  ofDigest(digest: string): OpenRequest | null {
    return this.#byDigest.get(digest) ?? null
  }

  /** Whether this caller has asked for anything that is not forgotten. */
  anyOf(owner: Owner): boolean {
    for (const request of this.#byId.values()) if (isOwner(request.owner, owner)) return true
    return false
  }

  /** Keeps how to make the call, which holds so many bytes. */
  park(request: OpenRequest, prepare: Prepare, bytes: number): void {
    if (request.resolved) return
    request.parked = prepare
    this.#parked.put(request, bytes)
  }

  /** Ends the run with its answer; one that is too long is not kept. */
  finish(run: Run, answer: KeptAnswer | null): void {
    const bytes = answer === null ? 0 : answer.text.length * 2
    const fits = answer !== null && bytes <= longestKept
    run.end(fits ? answer : null)
    if (fits) this.#kept.put(run, bytes)
  }

  /** Settles when the request is pending no more, and at the latest after `ms`, or when nobody waits. */
  async wait(request: OpenRequest, ms: number, cancellation: Cancellation): Promise<void> {
    if (request.news.state !== 'pending' || ms <= 0 || cancellation.aborted || this.#stopped) return
    await new Promise<void>(resolve => {
      const end = () => {
        clearTimeout(timer)
        stop()
        this.#stopping.delete(end)
        cancellation.listen(null)
        resolve()
      }
      const timer = setTimeout(end, ms)
      const stop = request.onChange(() => {
        if (request.news.state !== 'pending') end()
      })
      this.#stopping.add(end)
      cancellation.listen(end)
    })
  }

  /** Lets everybody go who waits; nobody waits from now on. */
  stop(): void {
    this.#stopped = true
    for (const end of [...this.#stopping]) end()
    for (const unwatch of this.#stops.values()) unwatch()
    this.#stops.clear()
  }

  #told(request: OpenRequest, news: ApprovalNews | null): void {
    request.hear(news)
    if (!request.resolved) return
    this.#stops.get(request)?.()
    this.#stops.delete(request)
    this.#parked.take(request)
    request.parked = null
    if (!this.#resolvedAt.has(request)) this.#resolvedAt.set(request, this.#needs.now())
  }

  /** Forgets what ended more than an hour ago, and, where there is too much, what is oldest and awaited by nobody. */
  #sweep(): void {
    const now = this.#needs.now()
    const full = this.#byId.size >= most
    if (!full && now - this.#sweptAt < sweepMs) return
    this.#sweptAt = now
    for (const [request, at] of this.#resolvedAt) {
      if (now - at > keptMs && request.run?.under !== true) this.#forget(request)
    }
    for (const request of this.#byId.values()) {
      if (this.#byId.size < most) return
      if (!request.awaited && request.run?.under !== true) this.#forget(request)
    }
  }

  #forget(request: OpenRequest): void {
    this.#byId.delete(request.id)
    if (this.#byDigest.get(request.digest) === request) this.#byDigest.delete(request.digest)
    this.#stops.get(request)?.()
    this.#stops.delete(request)
    this.#resolvedAt.delete(request)
    this.#parked.take(request)
    if (request.run !== null) this.#kept.take(request.run)
  }
}
