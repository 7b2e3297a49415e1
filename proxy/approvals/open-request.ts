import type { ApprovalNews } from '../../schemas/approval.ts'
import type { ApprovalState } from '../../schemas/approval-state.ts'
import type { Owner } from './call-digest.ts'
import type { Prepare } from './ready-call.ts'
import type { Run } from './run.ts'

const order: { readonly [S in ApprovalState]: number } = {
  pending: 0,
  approved: 1,
  denied: 2,
  expired: 2,
  cancelled: 2,
  consumed: 2,
  void: 2,
}

/** What this proxy knows of a question that it asked. */
export class OpenRequest {
  readonly id: string
  readonly digest: string
  readonly owner: Owner
  /** Whom it asks; an empty name stands for the owners of the namespace. */
  readonly workflows: readonly string[]
  /** How to make the call; null until it is parked, and when its arguments had to make room. */
  parked: Prepare | null = null
  /** The one execution, once an approval was claimed here. */
  run: Run | null = null
  /** Settles when nobody is claiming the approval here; claims come one after another. */
  claiming: Promise<unknown> = Promise.resolve()
  #news: ApprovalNews
  readonly #listeners = new Set<() => void>()

  constructor(news: ApprovalNews, owner: Owner, workflows: readonly string[]) {
    this.id = news.id
    this.digest = news.digest
    this.owner = owner
    this.workflows = workflows
    this.#news = news
  }

  get news(): ApprovalNews {
    return this.#news
  }

  get resolved(): boolean {
    return order[this.#news.state] === 2
  }

  /** Takes news in; what is older than what is known is dropped. Null means that nobody knows the request. */
  hear(told: ApprovalNews | null): void {
    const news: ApprovalNews = told ?? { ...this.#news, state: 'void', reason: 'unknown_request' }
    const [from, to] = [order[this.#news.state], order[news.state]]
    if (from > to || (from === 2 && news.state !== this.#news.state)) return
    this.#news = news
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls the listener after every change; returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get awaited(): boolean {
    return this.#listeners.size > 0
  }
}
