import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Git, gitIn } from './git.ts'
import { type GitHome, mostBytesOfPack, openGitHome } from './git-home.ts'

/** The bare copy of a repository, and git in it. */
export interface Mirror {
  readonly home: GitHome
  readonly git: Git
  /** Makes it anew when it is not there, has grown too large or is damaged; removes what a git that died left behind. */
  prepare(signal: AbortSignal): Promise<void>
  /** Removes everything that was fetched. */
  clear(): Promise<void>
}

/** A mirror that has grown beyond this is fetched anew: others force what they want into it. */
const mostBytes = 4 * mostBytesOfPack

/** Opens the mirror in a folder of its own; `trusted` are folders of other users that may be fetched from. */
export async function openMirror(folder: string, trusted: readonly string[] = []): Promise<Mirror> {
  const home = await openGitHome(folder, trusted)
  const bare = join(folder, 'mirror.git')
  await mkdir(bare, { recursive: true, mode: 0o700 })
  const git = gitIn(bare, home)
  const clear = async () => {
    await rm(bare, { recursive: true, force: true })
    await mkdir(bare, { recursive: true, mode: 0o700 })
  }
  const isSound = async (signal: AbortSignal) =>
    git(['rev-parse', '--is-bare-repository'], { signal, env: { GIT_DIR: bare } }).then(
      answer => answer.toString() === 'true\n',
      error => {
        signal.throwIfAborted()
        if (error.code === 'git_missing') throw error
        return false
      },
    )
  return {
    home,
    git: (args, call) => git(args, { ...call, env: { GIT_DIR: bare, ...call.env } }),
    clear,
    async prepare(signal) {
      const sound = (await bytesLeftIn(bare)) <= mostBytes && (await isSound(signal))
      if (sound) return
      await clear()
      await git(['init', '--bare', '--quiet'], { signal, env: { GIT_DIR: bare } })
    },
  }
}

/** Bytes below the folder, once leftovers are gone: one process alone uses a mirror, so whatever is locked was left behind. */
async function bytesLeftIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(
    entries
      .filter(entry => entry.isFile())
      .map(async ({ name, parentPath }) => {
        const path = join(parentPath, name)
        if (/\.lock$|^tmp_/.test(name)) await rm(path, { force: true })
        else return (await stat(path).catch(() => null))?.size ?? 0
        return 0
      }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
