import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import { type ControllerKey, readControllerKey } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'
import type { ControllerLink } from './controller-link.ts'

/** The key that the proxy was told, else the one pinned in the folder, else null. */
export async function knownKey(
  folder: string,
  told: string | undefined,
): Promise<ControllerKey | null> {
  if (told !== undefined) return readControllerKey(told)
  const path = join(folder, 'controller.pub')
  try {
    return readControllerKey(await readFile(path, 'utf8'))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    const remedy = `remove ${path} to believe the controller that is there now`
    throw new TableFailure('unknown_key', `the pinned key cannot be read; ${remedy}`, { cause })
  }
}

/** Asks the controller for its key and pins it: from now on no other is believed. */
export async function pinKey(
  folder: string,
  controller: ControllerLink,
  signal: AbortSignal,
): Promise<ControllerKey> {
  const answer = await controller.send('/api/v1/key', { signal })
  const { publicKey } = Object(await answer.body.json())
  if (typeof publicKey !== 'string') {
    throw new TableFailure('unknown_key', 'the controller did not say its public key')
  }
  const key = readControllerKey(publicKey)
  await replaceFile(join(folder, 'controller.pub'), key.key.export({ format: 'pem', type: 'spki' }))
  return key
}
