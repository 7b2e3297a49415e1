import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import webPush from 'web-push'
import { replaceFile } from '../../../lifecycle/replace-file.ts'

/** The keys by which push services know this installation (RFC 8292), in base64url. */
export interface VapidKeys {
  readonly publicKey: string
  readonly privateKey: string
}

/** The keys kept in the folder, or new ones that are kept there, readable by their owner only. */
export async function openVapidKeys(folder: string): Promise<VapidKeys> {
  const path = join(folder, 'vapid.json')
  const text = await readFile(path, 'utf8').catch(absent)
  if (text !== null) return JSON.parse(text)
  const keys = webPush.generateVAPIDKeys()
  await replaceFile(path, JSON.stringify(keys))
  return keys
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
