import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { ControllerFailure } from '../failure.ts'
import type { ChangedFile } from './changed-file.ts'
import { unifiedDiff } from './unified-diff.ts'

/**
 * The change of files below `name` in a folder as a unified diff, to be applied in that folder; empty when they are
 * so already. Rejects with a ControllerFailure `change_refused` for a file that is elsewhere.
 */
export async function folderPatch(
  folder: string,
  name: string,
  files: readonly ChangedFile[],
): Promise<string> {
  const root = await realpath(join(folder, name)).catch(() => join(folder, name))
  const parts = await Promise.all(
    files.map(async ({ path, text }) => {
      if (path !== name && !path.startsWith(`${name}/`)) throw elsewhere(path)
      return unifiedDiff(path, await textOf(join(folder, path), root), text)
    }),
  )
  return parts.join('')
}

async function textOf(path: string, root: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null)
  if (real === null) return null
  if (real !== root && !real.startsWith(root + sep)) throw elsewhere(path)
  return readFile(real, 'utf8')
}

function elsewhere(path: string): ControllerFailure {
  return new ControllerFailure('change_refused', `${path} is not in the source`)
}
