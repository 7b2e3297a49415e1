import type { Kysely } from 'kysely'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Database } from '../store/database.ts'
import { type RuleInForce, rulesIn, ruleText } from './rules-in-force.ts'
import { writtenEntries } from './written-entries.ts'

/** Releases that are looked at, and bytes of tables. */
const mostReleases = 500
const mostBytes = 32 * 1024 * 1024

/** A release of a namespace. */
interface Released {
  readonly digest: string
  readonly published_at: Date
}

/**
 * Since when each rule is in force as it is, ms since 1970: no earlier than `since` as far as it matters, and later than
 * it is where there were too many releases to look at all of them.
 */
export async function inForceSince(
  db: Kysely<Database>,
  { namespace, since }: { readonly namespace: string; readonly since: number },
  rules: readonly RuleInForce[],
): Promise<(rule: RuleInForce) => number> {
  const found = new Map<string, number>()
  let standing = new Set(rules.map(ruleText))
  let room = mostBytes
  for (const { digest, from } of stretches(await releases(db, namespace), since)) {
    const body = await bodyOf(db, digest, room)
    if (body === null) break
    room -= body.length
    const there = textsIn(JSON.parse(body))
    standing = new Set([...standing].filter(text => there.has(text)))
    for (const text of standing) found.set(text, from)
    if (standing.size === 0) break
  }
  return rule => found.get(ruleText(rule)) ?? Number.POSITIVE_INFINITY
}

/** Newest first; the last of them is in force when the time begins. */
async function releases(db: Kysely<Database>, namespace: string): Promise<readonly Released[]> {
  return db
    .selectFrom('releases')
    .select(['digest', 'published_at'])
    .where('namespace', '=', namespace)
    .orderBy('sequence', 'desc')
    .limit(mostReleases)
    .execute()
}

/** Tables one after the other, newest first, each with the time from which it was in force. */
function stretches(all: readonly Released[], since: number) {
  const first = all.findIndex(({ published_at }) => published_at.getTime() <= since)
  const within = first < 0 ? all : all.slice(0, first + 1)
  const list: { digest: string; from: number }[] = []
  for (const { digest, published_at } of within) {
    const last = list.at(-1)
    if (last?.digest === digest) last.from = published_at.getTime()
    else list.push({ digest, from: published_at.getTime() })
  }
  return list
}

/** The text of a table; null when it is not kept, or is longer than there is room. */
async function bodyOf(db: Kysely<Database>, digest: string, room: number): Promise<string | null> {
  const row = await db
    .selectFrom('tables')
    .select('body')
    .where('digest', '=', digest)
    .where(eb => eb(eb.fn<number>('octet_length', ['body']), '<=', room))
    .executeTakeFirst()
  return row?.body ?? null
}

function textsIn(table: RuleTable): ReadonlySet<string> {
  return new Set(rulesIn(writtenEntries(table)).map(ruleText))
}
