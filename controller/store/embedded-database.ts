import { Worker } from 'node:worker_threads'
import type { PGliteDialectConfig } from 'kysely'
import { threadFile } from '../../lifecycle/thread-file.ts'
import { ControllerFailure } from '../failure.ts'

/** What the thread is asked; no SQL asks it to close. */
export interface Question {
  readonly id: number
  readonly sql: string | null
  readonly parameters: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly rows: readonly unknown[]; readonly affectedRows?: number }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }

type Database = Extract<PGliteDialectConfig['pglite'], { close(): Promise<void> }>
type Inside = Pick<Database, 'query'> & { rollback(): Promise<void> }
type Result<T> = Awaited<ReturnType<Database['query']>> & { rows: T[] }

/**
 * PGlite in a thread of its own: its queries are computed, not waited for, and would hold up everything
 * else. Whoever uses it asks one thing at a time, as kysely does.
 */
export class EmbeddedDatabase implements Database {
  readonly ready = true
  readonly waitReady = Promise.resolve()
  closed = false
  readonly #thread: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>()
  #lastId = 0

  constructor(folder: string) {
    this.#thread = new Worker(threadFile('embedded-thread', import.meta.url), {
      name: 'writ store',
      workerData: folder,
      env: {},
      execArgv: [],
    })
    this.#thread.on('message', (answer: Answer) => this.#settle(answer))
    this.#thread.on('error', error => this.#lost(error))
    this.#thread.on('exit', () => this.#lost(new Error('the thread ended')))
  }

  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<Result<T>> {
    return (await this.#ask(sql, parameters)) as unknown as Result<T>
  }

  async transaction<T>(work: (tx: Inside) => Promise<T>): Promise<T> {
    const failure = await this.#ask('begin').then(
      () => null,
      (error: Error) => error,
    )
    if (failure !== null) return this.#notBegun(work, failure)
    try {
      const result = await work({
        query: (sql, parameters) => this.query(sql, parameters),
        rollback: async () => void (await this.#ask('rollback')),
      })
      await this.#ask('commit')
      return result
    } catch (error) {
      await this.#ask('rollback')
      throw error
    }
  }

  /** kysely listens to a transaction only once its work was called: without that it would wait for ever. */
  async #notBegun<T>(work: (tx: Inside) => Promise<T>, failure: Error): Promise<T> {
    await work({ query: () => Promise.reject(failure), rollback: async () => undefined })
    throw failure
  }

  async close(): Promise<void> {
    if (this.closed) return
    const closing = this.#ask(null)
    this.closed = true
    await closing
    await this.#thread.terminate()
  }

  async #ask(sql: string | null, parameters: readonly unknown[] = []): Promise<object> {
    if (this.closed) throw new ControllerFailure('store_failed', 'the embedded database is closed')
    this.#lastId += 1
    const waiting = Promise.withResolvers<Answer>()
    this.#waiting.set(this.#lastId, waiting)
    this.#thread.postMessage({ id: this.#lastId, sql, parameters } satisfies Question)
    const answer = await waiting.promise
    if ('error' in answer) {
      throw Object.assign(new Error(answer.error.message), { code: answer.error.code })
    }
    return answer
  }

  #settle(answer: Answer): void {
    this.#waiting.get(answer.id)?.resolve(answer)
    this.#waiting.delete(answer.id)
  }

  #lost(cause: unknown): void {
    this.closed = true
    const error = new ControllerFailure('store_failed', 'the embedded database ended', { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
