import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SecretsFailure } from './failure.ts'

/** Which bits of a mode may not be set: what the group and others may do. */
export const onlyMine = 0o077
export const nobodyElseWrites = 0o022

interface Limits {
  readonly mode: number
  readonly mostBytes: number
}

/**
 * The text of a plain file, or null when there is none. Rejects with `file_unsafe` when the file allows what
 * `mode` forbids, and with `value_unusable` when it is too long or no UTF-8.
 */
export async function readPrivateFile(path: string, limits: Limits): Promise<string | null> {
  const file = await opened(path)
  if (file === null) return null
  try {
    return await checkedText(file, path, limits)
  } finally {
    await file.close()
  }
}

/** Without waiting for the other end, should it be a pipe. */
async function opened(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new SecretsFailure('file_unsafe', `${path} cannot be read: ${code}`, { cause })
  }
}

async function checkedText(file: FileHandle, path: string, limits: Limits): Promise<string | null> {
  const stats = await file.stat()
  if (stats.isDirectory()) return null
  if (!stats.isFile()) throw new SecretsFailure('file_unsafe', `${path} is no plain file`)
  if ((stats.mode & limits.mode) !== 0) {
    const remedy = limits.mode === onlyMine ? 'chmod 600' : 'chmod go-w'
    throw new SecretsFailure('file_unsafe', `others may use ${path}: ${remedy} ${path}`)
  }
  const bytes = Buffer.alloc(Math.min(stats.size, limits.mostBytes) + 1)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
  if (bytesRead > limits.mostBytes || stats.size > limits.mostBytes) {
    throw new SecretsFailure('value_unusable', `${path} is longer than ${limits.mostBytes} bytes`)
  }
  return utf8(bytes.subarray(0, bytesRead), path)
}

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SecretsFailure('value_unusable', `${path} is not UTF-8`)
  }
}
