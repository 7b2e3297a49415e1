import { type Compiler, openCompiler } from '../compile/compiler.ts'
import { ControllerFailure } from '../failure.ts'

/** Questions that are answered or wait. */
const mostWaiting = 8

/** Longest time that one may take, ms. */
const longestMs = 20_000

/**
 * A compiler for what people ask, beside the one that keeps policies in force: its thread starts with the first question,
 * and who asks while too many wait is refused (`too_busy`).
 */
export function boundedCompiler(): Compiler {
  let compiler: Compiler | null = null
  let waiting = 0
  const bounded = async <T>(ask: (compiler: Compiler) => Promise<T>): Promise<T> => {
    if (waiting >= mostWaiting) {
      throw new ControllerFailure('too_busy', 'too many are asking about policies; try again soon')
    }
    waiting += 1
    compiler ??= openCompiler({ limit: () => AbortSignal.timeout(longestMs) })
    return ask(compiler).finally(() => {
      waiting -= 1
    })
  }
  return {
    compile: (question, signal) => bounded(compiler => compiler.compile(question, signal)),
    plan: (question, signal) => bounded(compiler => compiler.plan(question, signal)),
    async close() {
      await compiler?.close()
      compiler = null
    },
  }
}
