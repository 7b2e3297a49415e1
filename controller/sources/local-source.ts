import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { ControllerFailure } from '../failure.ts'
import { folderSource } from './folder.ts'
import { headOf, isBlob, isBusy, workTreeOf } from './git.ts'
import type { Source } from './source.ts'

/**
 * A local folder or file. Inside a git work tree paths are relative to the work tree, and a file that is as
 * the checked-out commit has it carries that commit; an edited or new file carries none.
 */
export function localSource(path: string, now: () => number): Source {
  const root = resolve(path)
  return {
    async fetch(signal) {
      signal.throwIfAborted()
      const isFile = await stat(root).then(
        stats => stats.isFile(),
        () => false,
      )
      const folder = isFile ? dirname(root) : root
      const tree = await workTreeOf(folder, signal)
      if (tree === null) return folderSource({ path: root }).fetch(signal)
      if (await isBusy(tree, now())) {
        throw new ControllerFailure('source_busy', 'git is changing the work tree')
      }
      const head = await headOf(folder, signal)
      const prefix = [tree.prefix, isFile ? basename(root) : ''].filter(Boolean).join('/')
      const snapshot = await folderSource({
        path: root,
        prefix,
        commitOf: (file, bytes) =>
          head !== null && isBlob(bytes, head.blobs.get(file) ?? '') ? head.commit : undefined,
      }).fetch(signal)
      const still = await headOf(folder, signal)
      if (head?.commit !== still?.commit || (await isBusy(tree, now()))) {
        throw new ControllerFailure('source_busy', 'git has changed the work tree')
      }
      return { ...snapshot, ...(head !== null && { commit: head.commit }) }
    },
  }
}
