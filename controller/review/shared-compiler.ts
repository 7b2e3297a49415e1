import type { Compiler } from '../compile/compiler.ts'

/** Opens one compiler for all who have it open, whose thread ends with the last of them: however many sources there are, one change is compiled at a time. */
export function sharedCompiler(open: () => Compiler): () => Compiler {
  let shared: Compiler | null = null
  let users = 0
  return () => {
    shared ??= open()
    users += 1
    let isOpen = true
    return {
      ...shared,
      async close() {
        if (!isOpen) return
        isOpen = false
        users -= 1
        if (users > 0) return
        const last = shared
        shared = null
        await last?.close()
      },
    }
  }
}
