import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { signStatement } from '../../records/statement.ts'
import type { ExportHeader } from '../../schemas/audit-export.ts'
import type { StoredCheckpoints } from '../checkpoints/stored-checkpoints.ts'
import type { Filter } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import { chainLines } from './chain-lines.ts'
import { exportParts } from './export-parts.ts'

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
  const hash = createHash('sha256')
  let count = 0
  const text = (lines: readonly string[]) => {
    count += lines.length
    const text = lines.map(line => `${line}\n`).join('')
    hash.update(text)
    return text
  }
  const parts = await exportParts(db, filter)
  const key = await keyOf(needs, first)
  yield text([JSON.stringify(headerOf(needs, { filter, said }, key))])
  for await (const lines of checkpointLines(checkpoints, first, newest)) yield text(lines)
  for (const part of parts) {
    for await (const lines of chainLines(db, part, filter)) yield text(lines)
  }
  // What was deleted while this was written is vouched for by those that were made meanwhile.
  const last = (await checkpoints.newest())?.number ?? 0
  for await (const lines of checkpointLines(checkpoints, newest + 1, last)) yield text(lines)
  const time = new Date(needs.now()).toISOString()
  const sha256 = hash.digest('base64url')
  const end = { type: 'writ.export-end.v1', lines: count, sha256, time }
  yield `${JSON.stringify(signStatement(end, checkpoints.key))}\n`
}

function headerOf(
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

async function keyOf({ checkpoints }: ExportNeeds, first: number): Promise<string> {
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
