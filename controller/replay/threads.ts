import { Worker } from 'node:worker_threads'
import { threadFile } from '../../lifecycle/thread-file.ts'
import type { ShardAnswer, ShardQuestion, ShardStart } from './shard-messages.ts'

/** Threads that each judge the sessions that are their own. */
export class Threads {
  readonly #workers: readonly Worker[]

  constructor(start: Omit<ShardStart, 'shard' | 'of'>, of: number) {
    this.#workers = Array.from({ length: of }, (_, shard) => startThread({ ...start, shard, of }))
  }

  /** Puts a question to all of them; rejects when one of them fails, or once the signal is aborted. */
  ask(question: ShardQuestion, signal: AbortSignal): Promise<readonly ShardAnswer[]> {
    return Promise.all(this.#workers.map(worker => askThread(worker, question, signal)))
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }
}

function startThread(workerData: ShardStart): Worker {
  return new Worker(threadFile('replay-thread', import.meta.url), {
    name: 'writ replay',
    workerData,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  })
}

function askThread(
  worker: Worker,
  question: ShardQuestion,
  signal: AbortSignal,
): Promise<ShardAnswer> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<ShardAnswer>()
  const onExit = () => reject(new Error('a thread of the replay ended'))
  const onAbort = () => reject(signal.reason)
  worker.once('message', resolve).once('error', reject).once('exit', onExit)
  signal.addEventListener('abort', onAbort, { once: true })
  worker.postMessage(question)
  return promise.finally(() => {
    worker.off('message', resolve).off('error', reject).off('exit', onExit)
    signal.removeEventListener('abort', onAbort)
  })
}
