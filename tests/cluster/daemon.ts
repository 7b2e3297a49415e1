import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A server of the cluster in a process of its own, whose words go to a file. */
export interface Daemon {
  readonly pid: number
  readonly ended: boolean
  /** The last lines of what it said. */
  lastWords(): string
  signal(name: NodeJS.Signals): void
  /** Asks it to stop, and kills it when it has not after five seconds, or at once. */
  stop(how?: 'kill'): Promise<void>
}

/** Starts a server; what it says is added to the file. */
export function startDaemon(path: string, args: readonly string[], logFile: string): Daemon {
  const log = openSync(logFile, 'a')
  const child = spawn(path, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  const gone = new Promise<void>(resolve => {
    child.once('error', () => resolve()).once('exit', () => resolve())
  })
  return {
    pid: child.pid ?? 0,
    get ended() {
      return hasEnded(child)
    },
    lastWords: () => readFileSync(logFile, 'utf8').split('\n').slice(-25).join('\n'),
    signal: name => void child.kill(name),
    stop: async how => {
      if (hasEnded(child)) return
      child.kill('SIGCONT')
      child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      await gone
      clearTimeout(late)
    },
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}
