import { open, writeFile } from 'node:fs/promises'
import { genesisOf, type Link } from '../../records/chain.ts'
import type { ChainEnd } from '../../records/line.ts'
import type { Identity } from './identity.ts'
import { chainEndIn, type Segment, scan, segmentAt, segments } from './segment.ts'
import { type Mark, Tail } from './tail.ts'

type Warn = (fields: object, message: string) => void

/**
 * Finds the end of a journal that may have been killed in the middle of a write. A torn last line was
 * acknowledged to nobody and is cut. Damage before the last line is kept aside and its numbers are not
 * used again. After a power failure one number is left out, so that what may be lost shows as a gap. The chain goes
 * on from the newest entry that is there or was shipped.
 */
export async function recover(
  folder: string,
  identity: Identity,
  afterPowerLoss: boolean,
  warn: Warn,
): Promise<{ readonly tail: Tail; readonly end: ChainEnd }> {
  const { shipped } = identity
  const existing = segments(folder)
  for (const { path } of existing) await flush(path)
  const newest = existing.at(-1) ?? segmentAt(folder, shipped + 1)
  const found = existing.length === 0 ? nothing(newest.first) : scan(newest)
  if (found.rest.includes(0x0a)) {
    const damaged = `${newest.path}.damaged-${found.length}`
    await writeFile(damaged, found.rest, { mode: 0o600 })
    warn({ file: damaged, after: found.last }, 'journal damaged')
  }
  const seq = Math.max(found.last, found.lastInRest, shipped) + (afterPowerLoss ? 1 : 0)
  const mark = { segment: newest, length: found.length }
  const link = newestLink(identity, existing, mark)
  const tail = new Tail(folder, mark)
  if (seq > found.last) tail.roll(seq + 1)
  await tail.flush()
  return { tail, end: { seq, link } }
}

function newestLink(
  { proxy, shipped, link }: Identity,
  existing: readonly Segment[],
  { length }: Mark,
): Link {
  let end: ChainEnd | null = null
  for (const [i, segment] of existing.toReversed().entries()) {
    end ??= chainEndIn(segment, i === 0 ? length : undefined)
  }
  if (link !== null && shipped > (end?.seq ?? 0)) return link
  return end?.link ?? genesisOf(proxy)
}

function nothing(first: number) {
  return { length: 0, last: first - 1, rest: Buffer.alloc(0), lastInRest: 0 }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}
