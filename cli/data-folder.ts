import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { replaceFile } from '../lifecycle/replace-file.ts'
import { CliFailure } from './failure.ts'
import { newKey } from './new-key.ts'

/** What a machine keeps of Writ: secrets, records, tables. Only its owner may look into it, and git may not. */
export interface DataFolder {
  /** Absolute path. */
  readonly path: string
  readonly secrets: Secrets
}

/** Made once, at the first start. */
interface Secrets {
  /** The key of the agent `local`. */
  readonly agentKey: string
  /** Its SHA-256 in hex. */
  readonly agentKeySha256: string
  /** Bearer tokens of the controller's API. */
  readonly adminToken: string
  readonly proxyToken: string
}

/** Where a controller answers, and the token to show it. */
export interface ControllerAddress {
  readonly url: string
  readonly token: string
}

/** Opens the folder, and makes it with its secrets when it is new. Fails with `data_unusable`. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  try {
    await makePrivate(path)
    return { path, secrets: await keptSecrets(join(path, 'secrets.json')) }
  } catch (cause) {
    throw unusable(folder, cause)
  }
}

/** Makes a folder that only its owner may look into, and git may not. */
export async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  await writeFile(join(path, '.gitignore'), '*\n')
}

/** Leaves word of the running controller for the other commands. */
export async function writeAddress(
  { path }: DataFolder,
  address: ControllerAddress,
): Promise<void> {
  await replaceFile(join(path, 'controller.json'), json(address))
}

/** The controller that was left word of in the folder, or null. Fails with `data_unusable`. */
export async function readAddress(folder: string): Promise<ControllerAddress | null> {
  try {
    return await readJson<ControllerAddress>(join(folder, 'controller.json'))
  } catch (cause) {
    throw unusable(folder, cause)
  }
}

async function keptSecrets(path: string): Promise<Secrets> {
  const kept = await readJson<Secrets>(path)
  if (kept !== null) return checked(kept)
  const made = newSecrets()
  await replaceFile(path, json(made))
  return made
}

function checked(secrets: Secrets): Secrets {
  const { agentKey, agentKeySha256, adminToken, proxyToken } = secrets
  const texts = [agentKey, agentKeySha256, adminToken, proxyToken]
  if (texts.every(text => typeof text === 'string' && text.length >= 32)) return secrets
  throw new SyntaxError('not the secrets of Writ')
}

function newSecrets(): Secrets {
  const { key, sha256 } = newKey()
  return {
    agentKey: key,
    agentKeySha256: sha256,
    adminToken: randomBytes(32).toString('base64url'),
    proxyToken: randomBytes(32).toString('base64url'),
  }
}

async function readJson<T>(path: string): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? null : JSON.parse(text)
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function unusable(folder: string, cause: unknown): CliFailure {
  // What a parser says may quote the secrets that it read.
  const why = cause instanceof SyntaxError ? 'a file in it is damaged' : String(Object(cause).code)
  return new CliFailure(
    'data_unusable',
    `cannot use the data folder ${folder}: ${why}`,
    'mend or remove it, or choose another one with --data',
    { cause },
  )
}
