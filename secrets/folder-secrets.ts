import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { SecretsFailure } from './failure.ts'
import { isPathSegment } from './path-segment.ts'
import { nobodyElseWrites, readPrivateFile } from './private-file.ts'
import type { Secrets } from './secrets.ts'

const mostBytes = 65_536

/** A mounted volume swaps its links while it is read; once more is then enough. */
const tries = 2

/**
 * Secrets that are files: `NAMESPACE/NAME/KEY` below the folder, else, for every namespace, `NAME/KEY` as Kubernetes
 * mounts a Secret, else `NAME_KEY` as Docker does. Read at every look, so a swapped link is seen at once; the
 * line end behind a value is left out.
 */
export function folderSecrets(folder: string): Secrets {
  return async (namespace, { name, key }) => {
    if (![namespace, name, key].every(isPathSegment)) return null
    for (const path of [join(namespace, name, key), join(name, key), `${name}_${key}`]) {
      const secret = await readBelow(folder, path)
      if (secret !== null) return secret.replace(/\r?\n$/, '')
    }
    return null
  }
}

/** The text of a file that is in the folder even when every link is followed. */
async function readBelow(folder: string, path: string): Promise<string | null> {
  for (let i = 0; i < tries; i += 1) {
    const root = await resolved(folder)
    const file = root && (await resolved(join(root, path)))
    if (!root || !file) return null
    if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new SecretsFailure('file_unsafe', `${join(folder, path)} leads out of the folder`)
    }
    const text = await readPrivateFile(file, { mode: nobodyElseWrites, mostBytes })
    if (text !== null) return text
  }
  return null
}

async function resolved(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new SecretsFailure('file_unsafe', `${path} cannot be read: ${code}`, { cause })
  }
}
