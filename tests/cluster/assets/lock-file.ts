import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'

/** Waits until this process alone holds the lock; a lock whose process is gone is taken over. Returns what gives it back. */
export async function lockFile(path: string, waiting: (pid: number) => void): Promise<() => void> {
  for (let told = 0; ; ) {
    const holder = take(path)
    if (holder === null) return () => rmSync(path, { force: true })
    if (holder !== told) waiting(holder)
    told = holder
    if (isRunning(holder)) await after(500)
    else rmSync(path, { force: true })
  }
}

/** Null when the lock was taken, else the process that has it. */
function take(path: string): number | null {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
