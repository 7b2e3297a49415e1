import type { Kysely } from 'kysely'
import { searchable } from '../ledger/row.ts'
import { notedFacts } from '../replay/noted-facts.ts'
import { type Recorded, recordedOf } from '../replay/recorded.ts'
import type { SessionState } from '../replay/session-states.ts'
import { ToolsTold } from '../replay/tools-told.ts'
import type { Database } from '../store/database.ts'

/** Clocks of a proxy and its entries may be off by so much. */
const slackMs = 60_000

/** A session names each tool once, and no more of them than this. */
const mostEntries = 300

/** What is known of the session of a call apart from its own entry: the names of the tools that it had used. */
export async function sessionThen(db: Kysely<Database>, call: Recorded): Promise<SessionState> {
  const noted = notedFacts(call.entry)
  if (noted === null || (noted.toolsUsed ?? 0) === 0) return nothing(null)
  const { proxy, agent = '', session = '' } = call.entry
  const rows = await db
    .selectFrom('records')
    .select('entry')
    .where('proxy', '=', proxy)
    .where('agent', '=', searchable(agent))
    .where('session', '=', searchable(session))
    .where('time', '>=', new Date(noted.startedAt - slackMs))
    .where('time', '<=', new Date((call.time ?? 0) + slackMs))
    .where('entry', 'like', '%"newTools":{%')
    .orderBy('time')
    .limit(mostEntries)
    .execute()
  const told = new ToolsTold(noted.startedAt)
  for (const { entry } of rows) {
    const facts = notedFacts(recordedOf(entry, { namespace: '' })?.entry ?? {})
    if (facts !== null) told.take(facts)
  }
  return nothing(told)
}

/** Of a session that is only known by what its entries say. */
function nothing(told: ToolsTold | null): SessionState {
  const counts = { toolCalls: 0, modelCalls: 0, spentMicroUsd: 0, lastTime: 0, movedAt: 0 }
  return { ...counts, toolsUsed: [], told, known: false, stretch: 0 }
}
