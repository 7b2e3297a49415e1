import type { Kysely } from 'kysely'
import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { ForgeFailure } from '../forge/failure.ts'
import type { Forge, ForgeComment } from '../forge/forge.ts'
import type { ForgeEvent } from '../forge/forge-event.ts'
import type { Database } from '../store/database.ts'
import { originOf, type Watched } from './watched.ts'

export interface LookForMissedNeeds {
  readonly db: Kysely<Database>
  readonly watched: () => readonly Watched[]
  readonly open: (watched: Watched) => Forge
  readonly tell: (event: ForgeEvent) => void
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
  /** How often it is looked which repository is due; 1 s when omitted. */
  readonly tickMs?: number
}

/** GitHub may list a comment after others that were touched later. */
const overlapMs = 120_000

/** With so many comments in one answer there may be more; the others are for the next look in the end. */
const fullLook = 1000
const mostRounds = 5

/** How far back the first look at a repository goes. */
const firstMs = 3_600_000

/** Comments of which it is remembered that they were told. */
const mostTold = 5000

/** Asks every repository at its interval what webhooks did not tell, and tells it as they would have. */
export function lookForMissed(needs: LookForMissedNeeds): Service {
  const { watched, now, tickMs = 1000 } = needs
  const looks = new Map<string, Look>()
  return {
    name: 'what webhooks missed',
    async run(signal) {
      while (!signal.aborted) {
        const current = new Map(watched().map(one => [keyOf(one), one]))
        for (const key of looks.keys()) if (!current.has(key)) looks.delete(key)
        const due = [...current].filter(([key]) => (looks.get(key)?.dueAt ?? 0) <= now())
        await Promise.all(
          due.map(([key, one]) => {
            const look = looks.get(key) ?? newLook()
            looks.set(key, look)
            return lookAt(needs, one, look, signal)
          }),
        )
        await wait(tickMs, signal)
      }
    },
  }
}

/** What is known of a repository from the looks before. */
interface Look {
  dueAt: number
  readonly waits: ReturnType<typeof backoff>
  /** Open changes by number, as they were. */
  changes: ReadonlyMap<number, string>
  /** Comments that were told, as they were; the oldest first. */
  readonly told: Set<string>
}

function newLook(): Look {
  return { dueAt: 0, waits: backoff(15_000, 900_000), changes: new Map(), told: new Set() }
}

async function lookAt(
  needs: LookForMissedNeeds,
  one: Watched,
  look: Look,
  signal: AbortSignal,
): Promise<void> {
  const { now, log, open } = needs
  const { repository } = one.place
  try {
    const forge = open(one)
    if (one.branch !== null) await lookAtChanges(needs, one, look, forge, signal)
    await lookAtComments(needs, one, look, forge, signal)
    look.waits.reset()
    look.dueAt = now() + one.intervalMs
  } catch (error) {
    if (signal.aborted) return
    const waitMs = error instanceof ForgeFailure ? error.waitMs : null
    look.dueAt = now() + Math.max(one.intervalMs, look.waits.next(), waitMs ?? 0)
    log.warn({ err: error, repository }, 'forge not looked at')
  }
}

/** A change that is no longer open was merged or closed. */
async function lookAtChanges(
  { tell }: LookForMissedNeeds,
  { place: { repository }, branch }: Watched,
  look: Look,
  forge: Forge,
  signal: AbortSignal,
): Promise<void> {
  const open = await forge.openChanges(branch ?? '', signal)
  const found = new Map(
    open.map(change => [change.number, `${change.headSha} ${change.baseSha} ${change.draft}`]),
  )
  const numbers = new Set([...found.keys(), ...look.changes.keys()])
  for (const number of numbers) {
    if (found.get(number) === look.changes.get(number)) continue
    tell({ kind: 'change', repository, number, deliveryId: null })
  }
  look.changes = found
}

async function lookAtComments(
  { db, tell, now }: LookForMissedNeeds,
  { place }: Watched,
  look: Look,
  forge: Forge,
  signal: AbortSignal,
): Promise<void> {
  const key = { origin: originOf(place), repository: place.repository.toLowerCase() }
  const kept = await db
    .selectFrom('forge_looks')
    .select('comments_until')
    .where('origin', '=', key.origin)
    .where('repository', '=', key.repository)
    .executeTakeFirst()
  const until = kept?.comments_until.getTime() ?? now() - firstMs
  let newest = until
  let since = until - overlapMs
  for (let rounds = 0; rounds < mostRounds; rounds += 1) {
    const comments = await forge.commentsSince(new Date(since), signal)
    tellComments({ tell, look, repository: place.repository }, comments)
    newest = comments.reduce((last, { updatedAt }) => Math.max(last, Date.parse(updatedAt)), newest)
    if (comments.length < fullLook || newest <= since) break
    since = newest
  }
  if (kept !== undefined && newest === until) return
  await db
    .insertInto('forge_looks')
    .values({ ...key, comments_until: new Date(newest) })
    .onConflict(row =>
      row.columns(['origin', 'repository']).doUpdateSet({ comments_until: new Date(newest) }),
    )
    .execute()
}

interface Telling extends Pick<LookForMissedNeeds, 'tell'> {
  readonly look: Look
  readonly repository: string
}

function tellComments(
  { tell, look, repository }: Telling,
  comments: readonly ForgeComment[],
): void {
  for (const { id, thread, updatedAt } of comments) {
    const as = `${id} ${updatedAt}`
    if (look.told.has(as)) continue
    remember(look.told, as)
    tell({ kind: 'comment', repository, number: thread, commentId: id, deliveryId: null })
  }
}

function remember(told: Set<string>, as: string): void {
  told.add(as)
  const [oldest] = told
  if (told.size > mostTold && oldest !== undefined) told.delete(oldest)
}

function keyOf({ place, namespace, branch }: Watched): string {
  return JSON.stringify([originOf(place), place, namespace, branch])
}
