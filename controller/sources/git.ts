import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** A git work tree that a folder is part of. */
export interface WorkTree {
  /** The folder relative to the work tree, with slashes; empty for the work tree itself. */
  readonly prefix: string
  /** Absolute path of the folder with HEAD, the index and their locks. */
  readonly gitFolder: string
}

/** A commit and the files in it, by path relative to the work tree. */
export interface Head {
  readonly commit: string
  /** Path to blob id. */
  readonly blobs: ReadonlyMap<string, string>
}

/** The work tree around a folder, or null when there is none or git is not installed. */
export async function workTreeOf(folder: string, signal: AbortSignal): Promise<WorkTree | null> {
  const answer = await git(folder, ['rev-parse', '--show-prefix', '--absolute-git-dir'], signal)
  const [prefix, gitFolder] = answer?.split('\n') ?? []
  if (prefix === undefined || gitFolder === undefined || !isAbsolute(gitFolder)) return null
  return { prefix: prefix.replace(/\/$/, ''), gitFolder: resolve(gitFolder) }
}

/** The commit that is checked out and its files under the folder, or null before the first commit. */
export async function headOf(folder: string, signal: AbortSignal): Promise<Head | null> {
  const commit = (await git(folder, ['rev-parse', '--verify', 'HEAD^{commit}'], signal))?.trim()
  if (commit === undefined) return null
  const tree = await git(folder, ['ls-tree', '-r', '-z', '--full-name', commit, '.'], signal)
  const blobs = (tree ?? '').split('\0').flatMap(line => {
    const [, blob, path] = /^\d+ blob ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
    return blob === undefined || path === undefined ? [] : [[path, blob] as const]
  })
  return { commit, blobs: new Map(blobs) }
}

/** Whether git is in the middle of a change to the work tree. */
export async function isBusy({ gitFolder }: WorkTree, now: number): Promise<boolean> {
  const lock = await stat(join(gitFolder, 'index.lock')).catch(() => null)
  return lock !== null && now - lock.mtimeMs < staleLockMs
}

/** A lock this old was left behind by a git that died. */
const staleLockMs = 10_000

/** Whether bytes are the content of a blob; the length of its id tells SHA-1 from SHA-256. */
export function isBlob(bytes: Buffer, id: string): boolean {
  const hash = createHash(id.length === 64 ? 'sha256' : 'sha1')
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === id
}

/**
 * The output of git, or null when it fails. Nothing of the repository's own configuration is run: these
 * commands call no hook, filter or monitor, which is why it does not matter whose repository it is.
 */
async function git(folder: string, args: string[], signal: AbortSignal): Promise<string | null> {
  signal.throwIfAborted()
  const { PATH = '', HOME = '' } = process.env
  try {
    const { stdout } = await exec('git', [...settings, '-C', folder, ...args], {
      env: {
        PATH,
        HOME,
        GIT_OPTIONAL_LOCKS: '0',
        GIT_NO_LAZY_FETCH: '1',
        GIT_TERMINAL_PROMPT: '0',
      },
      timeout: 5000,
      maxBuffer: 64 * 1024 * 1024,
      signal,
    })
    return stdout
  } catch {
    signal.throwIfAborted()
    return null
  }
}

const settings = ['-c', 'core.fsmonitor=false', '-c', 'safe.directory=*']
