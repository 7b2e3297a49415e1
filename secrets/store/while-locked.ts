import { mkdir } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { lockFolder } from '../../lifecycle/folder-lock.ts'
import { SecretsFailure } from '../failure.ts'

const betweenMs = 50
const tries = 200

/** Does the work while no other process may; waits ten seconds for its turn, then rejects with `store_in_use`. */
export async function whileLocked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (let i = 0; ; i += 1) {
    const lock = lockFolder(folder)
    if (!('heldBy' in lock)) return work().finally(() => lock.release())
    if (i === tries) {
      throw new SecretsFailure('store_in_use', `process ${lock.heldBy} holds ${folder}; try again`)
    }
    await after(betweenMs)
  }
}
