import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { threadFile } from '../../lifecycle/thread-file.ts'
import type { CompileOptions, SourceFile } from '../../policy/compile/compile.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Plans } from '../../schemas/plan.ts'
import type { Problem } from '../../schemas/problem.ts'
import { ControllerFailure } from '../failure.ts'
import type { Publishable } from '../publish/releases.ts'
import type { PlanQuestion } from './plan-question.ts'

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

/** What the thread is asked. */
export type Asked = Question | PlanQuestion

/** Compiles and compares in a thread of its own, so that calls and requests go on meanwhile. */
export interface Compiler {
  /** Rejects with a ControllerFailure `compile_failed` when it takes longer than the limit or too much memory. */
  compile(question: Question, signal: AbortSignal): Promise<Answer>
  /** What changes between two states. Rejects with a ControllerFailure `plan_failed` in the same cases. */
  plan(question: PlanQuestion, signal: AbortSignal): Promise<Plans>
  close(): Promise<void>
}

export interface CompilerOptions {
  /** Asked when the turn of a question comes: when it is given up. */
  readonly limit?: () => AbortSignal
}

const longestMs = 60_000

/** Answers that are remembered: policies with what proxies see of the tools and without, those in force, and each with overrides. */
const mostRemembered = 8

/**
 * A compiler whose thread starts at once; one question is answered at a time, in the order in which they are asked,
 * and the same is not compiled twice in a row. A question takes a minute at most unless another limit is given.
 */
export function openCompiler(options: CompilerOptions = {}): Compiler {
  const thread = openThread(options)
  let remembered: readonly { readonly question: Question; readonly answer: Answer }[] = []
  return {
    compile: (question, signal) =>
      thread.inTurn(async () => {
        signal.throwIfAborted()
        const known = remembered.find(({ question: asked }) => isDeepStrictEqual(asked, question))
        if (known !== undefined) return known.answer
        const answer = await thread.ask<Answer>(question, signal).catch(cause => {
          signal.throwIfAborted()
          const why = 'the policies could not be compiled'
          throw new ControllerFailure('compile_failed', why, { cause })
        })
        remembered = [{ question, answer }, ...remembered].slice(0, mostRemembered)
        return answer
      }),
    plan: (question, signal) =>
      thread.inTurn(async () => {
        signal.throwIfAborted()
        return thread.ask<Plans>(question, signal).catch(cause => {
          signal.throwIfAborted()
          const why = 'it takes too long to compare these policies, or too much memory'
          throw new ControllerFailure('plan_failed', why, { cause })
        })
      }),
    close: thread.close,
  }
}

/** A thread that is started anew after a question that it did not answer. */
function openThread({ limit = () => AbortSignal.timeout(longestMs) }: CompilerOptions) {
  let worker: Worker | null = start()
  let closed = false
  let turn: Promise<unknown> = Promise.resolve()
  const end = async () => {
    const ending = worker
    worker = null
    await ending?.terminate()
  }
  return {
    /** Does the work once all that was asked before is done with. */
    inTurn<T>(work: () => Promise<T>): Promise<T> {
      const done = turn.then(work)
      turn = done.catch(() => undefined)
      return done
    },
    async ask<T>(asked: Asked, signal: AbortSignal): Promise<T> {
      if (closed) throw new Error('the compiler is closed')
      worker ??= start()
      try {
        return await answered<T>(worker, asked, AbortSignal.any([signal, limit()]))
      } catch (error) {
        await end()
        throw error
      }
    },
    close: () => {
      closed = true
      return end()
    },
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

function answered<T>(worker: Worker, asked: Asked, limit: AbortSignal): Promise<T> {
  limit.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onExit = () => reject(new Error('the compiler ended'))
  const onAbort = () => reject(limit.reason)
  worker.once('message', resolve).once('error', reject).once('exit', onExit)
  limit.addEventListener('abort', onAbort, { once: true })
  worker.postMessage(asked)
  return promise.finally(() => {
    worker.off('message', resolve).off('error', reject).off('exit', onExit)
    limit.removeEventListener('abort', onAbort)
  })
}
