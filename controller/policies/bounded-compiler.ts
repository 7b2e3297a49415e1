import { type Compiler, openCompiler } from '../compile/compiler.ts'
import { ControllerFailure } from '../failure.ts'

/** Questions that may wait while one is answered. */
const mostWaiting = 8

/** Longest time that one may take, ms. */
const longestMs = 20_000

/**
 * A compiler for what people ask, beside the one that keeps policies in force: its thread starts with the first question,
 * and who asks while too many wait is refused (`too_busy`).
 */
export function boundedCompiler(open: () => Compiler = openCompiler): Compiler {
  let compiler: Compiler | null = null
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return {
    async compile(question, signal) {
      if (waiting >= mostWaiting) {
        throw new ControllerFailure('too_busy', 'too many are compiling policies; try again soon')
      }
      waiting += 1
      const limit = () => AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
      const answer = turn.then(async () => {
        compiler ??= open()
        return compiler.compile(question, limit())
      })
      turn = answer.catch(() => undefined)
      return answer.finally(() => {
        waiting -= 1
      })
    },
    async close() {
      await compiler?.close()
      compiler = null
    },
  }
}
