import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { signStatement } from '../../records/statement.ts'
import type { ExportHeader } from '../../schemas/audit-export.ts'
import type { StoredCheckpoints } from '../checkpoints/stored-checkpoints.ts'
import type { Filter } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import { chainLines } from './chain-lines.ts'
import { exportParts, type Part } from './export-parts.ts'

export interface ExportNeeds {
  readonly db: Kysely<Database>
  readonly checkpoints: StoredCheckpoints
  readonly version: string
  readonly now: () => number
}

/** Which entries are asked for; `said` is how, word by word. */
export interface ExportQuestion {
  readonly filter: Filter
  readonly said: Readonly<Record<string, string>>
}

const checkpointsAtOnce = 100

/**
 * An export that proves itself, as texts of whole lines, in constant memory. A checkpoint is made first where that can be
 * done, so that it speaks for all of it; entries that come meanwhile are not in it.
 */
export async function* exportLines(
  needs: ExportNeeds,
  { filter, said }: ExportQuestion,
): AsyncGenerator<string> {
  const { db, checkpoints } = needs
  await checkpoints.make()
  const newest = (await checkpoints.newest())?.number ?? 0
  const first = await firstCheckpoint(db, filter.since)
  const parts = await exportParts(db, filter)
  const key = await keyOf(needs, first)
  const header = headerOf(needs, { filter, said }, key)
  yield* provedLines(needs, { header, first, last: newest, parts, filter, late: true })
}

/** What an export holds. */
export interface ExportPlan {
  readonly header: ExportHeader
  /** Numbers of the first and of the last checkpoint. */
  readonly first: number
  readonly last: number
  readonly parts: readonly Part[]
  readonly filter: Filter
  /** Whether those made meanwhile come at the end: they vouch for what was deleted while it was written. */
  readonly late: boolean
}

/** The lines of an export, as texts of whole lines, with its end. */
export async function* provedLines(
  needs: ExportNeeds,
  { header, first, last, parts, filter, late }: ExportPlan,
): AsyncGenerator<string> {
  const { db, checkpoints, now } = needs
  const hash = createHash('sha256')
  let count = 0
  const text = (lines: readonly string[]) => {
    count += lines.length
    const text = lines.map(line => `${line}\n`).join('')
    hash.update(text)
    return text
  }
  yield text([JSON.stringify(header)])
  for await (const lines of checkpointLines(checkpoints, first, last)) yield text(lines)
  for (const part of parts) {
    for await (const lines of chainLines(db, part, filter)) yield text(lines)
  }
  const newest = late ? ((await checkpoints.newest())?.number ?? 0) : last
  for await (const lines of checkpointLines(checkpoints, last + 1, newest)) yield text(lines)
  const time = new Date(now()).toISOString()
  const sha256 = hash.digest('base64url')
  const end = { type: 'writ.export-end.v1', lines: count, sha256, time }
  yield `${JSON.stringify(signStatement(end, checkpoints.key))}\n`
}

/** What an export says of itself. */
export function headerOf(
  { version, now }: ExportNeeds,
  { filter: { since, until }, said }: ExportQuestion,
  checkpointKey: string,
): ExportHeader {
  return {
    type: 'writ.export.v1',
    controller: `writ/${version}`,
    time: new Date(now()).toISOString(),
    ...(since !== undefined && { from: new Date(since).toISOString() }),
    ...(until !== undefined && { to: new Date(until).toISOString() }),
    filter: said,
    checkpointKey,
  }
}

/** The number of the checkpoint that an export begins with: the last before its time. */
async function firstCheckpoint(db: Kysely<Database>, since: number | undefined): Promise<number> {
  if (since === undefined) return 1
  const row = await db
    .selectFrom('checkpoints')
    .select('number')
    .where('time', '<=', new Date(since))
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.number ?? 1
}

/** The public key that signed a checkpoint, or that signs when there is none. */
export async function keyOf({ checkpoints }: ExportNeeds, first: number): Promise<string> {
  const [checkpoint] = await checkpoints.list(first - 1, 1)
  if (checkpoint === undefined) return checkpoints.key.publicKey
  const { keyId } = JSON.parse(checkpoint.statement)
  return (await checkpoints.publicKeyOf(keyId)) ?? checkpoints.key.publicKey
}

async function* checkpointLines(
  checkpoints: StoredCheckpoints,
  from: number,
  to: number,
): AsyncGenerator<readonly string[]> {
  for (let after = from - 1; after < to; ) {
    const rows = await checkpoints.list(after, Math.min(checkpointsAtOnce, to - after))
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(({ statement }) => statement)
    after = last.number
  }
}
