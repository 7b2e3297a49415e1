import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { threadFile } from '../../lifecycle/thread-file.ts'
import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Directory } from '../../schemas/directory.ts'
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
  /** One for each table; empty when there are none. */
  readonly directories: readonly Directory[]
}

/** Compiles in a thread of its own, so that calls and requests go on meanwhile. */
export interface Compiler {
  /** Rejects with a ControllerFailure when the compilation takes more than a minute or too much memory. */
  compile(question: Question, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

const longestMs = 60_000

/** Answers that are remembered: policies with what proxies see of the tools and without, those in force, and each with overrides. */
const mostRemembered = 8

/** A compiler whose thread starts at once; one question is answered at a time, and the same not twice in a row. */
export function openCompiler(): Compiler {
  let worker: Worker | null = start()
  let remembered: readonly { readonly question: Question; readonly answer: Answer }[] = []
  const close = async () => {
    const ending = worker
    worker = null
    await ending?.terminate()
  }
  return {
    async compile(question, signal) {
      signal.throwIfAborted()
      const known = remembered.find(({ question: asked }) => isDeepStrictEqual(asked, question))
      if (known !== undefined) return known.answer
      worker ??= start()
      const limit = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
      try {
        const answer = await ask(worker, question, limit)
        remembered = [{ question, answer }, ...remembered].slice(0, mostRemembered)
        return answer
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
  return new Worker(threadFile('compile-thread', import.meta.url), {
    name: 'writ compile',
    env: {},
    execArgv: [],
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
