import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CliFailure } from './failure.ts'

/**
 * What a proxy keeps in a data folder: that of `writ up` holds the folder of its proxy, that of
 * `writ proxy` is one. Null when no proxy has run with it.
 */
export async function proxyFolder(data: string): Promise<string | null> {
  for (const folder of [join(resolve(data), 'proxy'), resolve(data)]) {
    if (await isFolder(join(folder, 'tables'))) return folder
  }
  return null
}

/** Where the proxy that keeps its things in this folder keeps logins. */
export function loginFolder(folder: string): string {
  return join(folder, 'logins')
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw new CliFailure('data_unusable', `cannot read ${path}: ${code}`, '', { cause })
  }
}
