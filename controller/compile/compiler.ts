import { Worker } from 'node:worker_threads'
import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Problem } from '../../schemas/problem.ts'
import { ControllerFailure } from '../failure.ts'
import type { Publishable } from '../publish/releases.ts'

export interface Question {
  readonly files: readonly SourceFile[]
  readonly options: CompileOptions
}

/** What a compilation found; tables are null when there is an error. */
export interface Answer {
  readonly problems: readonly Problem[]
  readonly tables: readonly (readonly [namespace: string, table: Publishable])[] | null
}

/** Compiles in a thread of its own, so that calls and requests go on meanwhile. */
export interface Compiler {
  /** Rejects with a ControllerFailure when the compilation takes more than a minute or too much memory. */
  compile(question: Question, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

const longestMs = 60_000

/** A compiler whose thread starts with the first question; one question is answered at a time. */
export function openCompiler(): Compiler {
  let worker: Worker | null = null
  const close = async () => {
    const ending = worker
    worker = null
    await ending?.terminate()
  }
  return {
    async compile(question, signal) {
      signal.throwIfAborted()
      worker ??= start()
      const limit = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
      try {
        return await ask(worker, question, limit)
      } catch (cause) {
        await close()
        signal.throwIfAborted()
        throw new ControllerFailure('compile_failed', 'the policies could not be compiled', {
          cause,
        })
      }
    },
    close,
  }
}

function start(): Worker {
  return new Worker(new URL('./compile-thread.ts', import.meta.url), {
    name: 'writ compile',
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  })
}

function ask(worker: Worker, question: Question, limit: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const onExit = () => reject(new Error('the compiler ended'))
  const onAbort = () => reject(limit.reason)
  worker.once('message', resolve).once('error', reject).once('exit', onExit)
  limit.addEventListener('abort', onAbort, { once: true })
  worker.postMessage(question)
  return promise.finally(() => {
    worker.off('message', resolve).off('error', reject).off('exit', onExit)
    limit.removeEventListener('abort', onAbort)
  })
}
