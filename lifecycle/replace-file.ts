import { randomBytes } from 'node:crypto'
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Writes a file whole or not at all, readable by its owner only: after a power failure it has its old
 * content or its new one.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await unlink(beside).catch(() => undefined)
    throw error
  }
  await flushFolder(dirname(path))
}

/** Removes what was left in a folder by processes that were killed while they replaced a file; nobody else may be at it. */
export async function removeUnfinished(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter(name => /\.[0-9a-f]{12}\.tmp$/.test(name))
  for (const name of left) await unlink(join(folder, name))
}

/** Flushes the folder itself, so that files made in it are found after a power failure. */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
