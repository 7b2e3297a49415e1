import { spawn } from 'node:child_process'

/** Sees to it that nothing of a test outlives it, however it ends. */
export interface Guard {
  /** The processes that are to be killed; takes the place of those named before. */
  watch(pids: readonly number[]): void
  /** No process is left to guard; settles when the folder is gone. */
  dismiss(): Promise<void>
}

// Its stdin ends when the process of the test is gone, also when that was killed.
const script =
  'pids=; while read -r line; do pids=$line; done; [ -z "$pids" ] || kill -9 $pids; rm -rf "$1"'

/** Starts a guard of a folder, which is removed at the end. */
export function startGuard(folder: string): Guard {
  const stdio: ['pipe', 'ignore', 'ignore'] = ['pipe', 'ignore', 'ignore']
  const child = spawn('sh', ['-c', script, 'guard', folder], { stdio, detached: true })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return {
    watch: pids => void child.stdin.write(`${pids.join(' ')}\n`),
    dismiss: async () => {
      child.stdin.end('\n')
      await gone
    },
  }
}
