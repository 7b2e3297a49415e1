import type { ApprovalNews } from '../../schemas/approval.ts'

type Listener = (news: ApprovalNews | null) => void

const mostRecent = 512

/** Hands news to those who want to hear of a request, and keeps the newest for who comes a moment late. */
export class NewsDesk {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #recent = new Map<string, ApprovalNews>()
  #waiting: (() => void)[] = []
  #onIdle: (() => void) | null = null
  #onBusy: (() => void) | null = null

  /** Calls the listener with what has been heard already and what will be, null when the request is not known; returns how to stop. */
  watch(id: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listener))
    this.#onBusy?.()
    for (const wake of this.#waiting.splice(0)) wake()
    const heard = this.#recent.get(id)
    if (heard !== undefined) listener(heard)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
      if (this.#listeners.size === 0) this.#onIdle?.()
    }
  }

  watched(): readonly string[] {
    return [...this.#listeners.keys()]
  }

  hear(news: ApprovalNews): void {
    this.#recent.delete(news.id)
    this.#recent.set(news.id, news)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > mostRecent && oldest !== undefined) this.#recent.delete(oldest)
    this.#tell(news.id, news)
  }

  /** Tells that nobody knows the request. */
  lose(id: string): void {
    this.#tell(id, null)
  }

  /** Settles when somebody wants to hear of something, or when the signal aborts. */
  wanted(signal: AbortSignal): Promise<void> {
    if (this.#listeners.size > 0 || signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** A signal that aborts once nobody has wanted to hear of anything for so long. */
  idle(lingerMs: number): { readonly signal: AbortSignal; stop(): void } {
    const idle = new AbortController()
    let timer: NodeJS.Timeout | undefined
    this.#onBusy = () => clearTimeout(timer)
    this.#onIdle = () => {
      clearTimeout(timer)
      timer = setTimeout(() => idle.abort(), lingerMs)
    }
    if (this.#listeners.size === 0) this.#onIdle()
    const stop = () => {
      clearTimeout(timer)
      this.#onBusy = null
      this.#onIdle = null
    }
    return { signal: idle.signal, stop }
  }

  #tell(id: string, news: ApprovalNews | null): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener(news)
  }
}
