import { stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { watch } from 'chokidar'
import type { Service } from '../../lifecycle/run.ts'
import { workTreeOf } from './git.ts'

/** Changes that come in one go, as from an editor or git, wake once. */
const settleMs = 60

/** Calls `wake` soon after something changed under a local folder or file, or another commit was checked out. */
export function watchSource(path: string, wake: () => void): Service {
  const root = resolve(path)
  return {
    name: 'source watch',
    async run(signal) {
      let timer: NodeJS.Timeout | undefined
      const changed = () => {
        clearTimeout(timer)
        timer = setTimeout(wake, settleMs)
      }
      const heads = await headFiles(root, signal)
      const watcher = watch([root, ...heads], {
        ignoreInitial: true,
        ignored: file => isIgnored(root, heads, file),
      })
      watcher.on('all', changed)
      // Whatever changed before the watcher was there told nobody.
      watcher.on('ready', changed)
      // What the watcher cannot see, the periodic look finds.
      watcher.on('error', () => undefined)
      await new Promise<void>(done => {
        if (signal.aborted) done()
        signal.addEventListener('abort', () => done(), { once: true })
      })
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

/** The folder of git is passed over, but not on the way to its HEAD. */
function isIgnored(root: string, heads: readonly string[], file: string): boolean {
  const parts = relative(root, file).split(sep)
  if (parts[0] === '..' || heads.some(head => head.startsWith(file))) return false
  return parts.some(part => part === 'node_modules' || part === '.git')
}

/** Files that git touches when another commit is checked out or made. */
async function headFiles(root: string, signal: AbortSignal): Promise<string[]> {
  const isFile = await stat(root).then(
    stats => stats.isFile(),
    () => false,
  )
  const tree = await workTreeOf(isFile ? dirname(root) : root, signal).catch(() => null)
  return tree === null ? [] : [join(tree.gitFolder, 'HEAD'), join(tree.gitFolder, 'logs', 'HEAD')]
}
