import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** A folder that this process alone may write. */
export interface FolderLock {
  /** The last holder did not release it and the machine has restarted since: what was not flushed is lost. */
  readonly afterPowerLoss: boolean
  release(): void
}

interface Holder {
  readonly pid: number
  /** Names the boot of the machine; empty where that is not known. */
  readonly boot: string
  /** When the process started, in ticks since the boot: tells a process from a later one of the same number. */
  readonly started: string
}

/**
 * Takes the lock file of a folder, or returns the number of the process that holds it. A lock whose
 * holder no longer lives is taken over.
 */
export function lockFolder(folder: string): FolderLock | { readonly heldBy: number } {
  const lock = join(folder, 'lock')
  const mine = join(folder, `lock.${process.pid}`)
  writeNew(mine, JSON.stringify(holder(process.pid)))
  try {
    const old = read(lock)
    if (old !== null && lives(old)) return { heldBy: old.pid }
    if (old !== null) discard(lock, old)
    if (!link(mine, lock)) return { heldBy: read(lock)?.pid ?? 0 }
    return {
      afterPowerLoss: old !== null && old.boot !== bootId(),
      release: () => remove(lock),
    }
  } finally {
    remove(mine)
  }
}

function holder(pid: number): Holder {
  return { pid, boot: bootId(), started: startOf(pid) }
}

function lives({ pid, boot, started }: Holder): boolean {
  if (pid <= 0 || boot !== bootId()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!hasCode(error, 'EPERM')) return false
  }
  return startOf(pid) === started
}

/** Another process may have found the same dead holder and be ahead: what is no longer the old lock is put back. */
function discard(lock: string, old: Holder): void {
  const aside = `${lock}.stale.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  if (JSON.stringify(read(aside)) !== JSON.stringify(old)) link(aside, lock)
  remove(aside)
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function read(lock: string): Holder | null {
  try {
    const { pid, boot, started } = JSON.parse(readFileSync(lock, 'utf8'))
    return { pid: Number(pid), boot: String(boot), started: String(started) }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    if (error instanceof SyntaxError) return { pid: 0, boot: '', started: '' }
    throw error
  }
}

function writeNew(path: string, text: string): void {
  remove(path)
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeSync(fd, text)
  } finally {
    closeSync(fd)
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

function bootId(): string {
  return textOf('/proc/sys/kernel/random/boot_id')
}

/** Field 22 of proc_pid_stat(5), counted behind the parenthesis that closes the program's name. */
function startOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
