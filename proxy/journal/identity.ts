import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import { isDigest, type Link } from '../../records/chain.ts'
import { headIn } from '../../records/line.ts'
import { segments } from './segment.ts'

/** Who writes the journal of a folder, and how far the controller has it. */
export interface Identity {
  readonly proxy: string
  readonly shipped: number
  /** What the entry behind the last that was shipped is chained to; null when none was, or none had a chain. */
  readonly link: Link | null
  /** How often the folder has been opened. */
  readonly starts: number
}

/** The identity kept in the folder, else the one its entries show, else a new one. */
export async function readIdentity(folder: string): Promise<Identity> {
  const kept = parse(folder)
  if (kept !== null) return kept
  const proxy = fromEntries(folder) ?? `proxy-${randomBytes(8).toString('hex')}`
  const identity = { proxy, shipped: 0, link: null, starts: 0 }
  await writeIdentity(folder, identity)
  return identity
}

/** Replaces the identity of the folder whole. */
export async function writeIdentity(folder: string, identity: Identity): Promise<void> {
  await replaceFile(join(folder, 'identity.json'), `${JSON.stringify(identity)}\n`)
}

function parse(folder: string): Identity | null {
  try {
    const kept = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8'))
    const { proxy, shipped, link = null, starts = 0 } = kept
    const sound = /^[\w.-]{1,128}$/.test(proxy) && isCount(shipped) && isCount(starts)
    return sound ? { proxy, shipped, link: isDigest(link) ? link : null, starts } : null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function fromEntries(folder: string): string | null {
  for (const { path } of segments(folder)) {
    const head = headIn(readFileSync(path, 'utf8'))
    if (head !== null) return head.proxy
  }
  return null
}
