import { type Kysely, sql } from 'kysely'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'
import type { ApprovalEvent } from '../../../schemas/approval.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import type { Database } from '../../store/database.ts'
import { knownChannel } from '../channel.ts'
import { type GithubNeeds, githubChannel } from './github-channel.ts'

export interface KeepQuestionsNeeds extends GithubNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Pick<Approvals, 'get' | 'subscribe'>
  readonly directories: { of(namespace: string): Directory | null }
  readonly log: { warn(fields: object, message: string): void }
}

/** After these a question that was approved reads otherwise. */
const later: ReadonlySet<ApprovalEvent['type']> = new Set(['consumed', 'void'])

/** How long the word of the approval itself is waited for, which would else be written over the later one. */
const patienceMs = 30_000
const everyMs = 250

/**
 * Has questions in threads say what became of an approval: that the call was made, or why it no longer may
 * be. It is said once, as well as may be; the store has it in any case.
 */
export function keepQuestions(needs: KeepQuestionsNeeds): Service {
  return {
    name: 'questions in threads',
    async run(signal) {
      const underWay = new Set<Promise<void>>()
      const stop = needs.approvals.subscribe(({ id, event }) => {
        if (!later.has(event.type)) return
        const telling = tell(needs, id, signal)
          .catch(error => {
            const said = 'question in a thread not edited'
            if (!signal.aborted) needs.log.warn({ err: error, request: id }, said)
          })
          .finally(() => underWay.delete(telling))
        underWay.add(telling)
      })
      while (!signal.aborted) await wait(86_400_000, signal)
      stop()
      await Promise.all(underWay)
    },
  }
}

async function tell(needs: KeepQuestionsNeeds, id: string, signal: AbortSignal): Promise<void> {
  const { db, approvals, directories } = needs
  const asked = await db
    .selectFrom('approval_notifications')
    .select('channel')
    .where('request_id', '=', id)
    .where('kind', '=', 'created')
    .where('state', '=', 'sent')
    .execute()
  const request = await approvals.get(id)
  const directory = request && directories.of(request.namespace)
  if (request === null || directory === null) return
  for (const { channel: name } of asked) {
    const channel = knownChannel(directory, name)
    if (channel?.spec.type !== 'github') continue
    await wordOfApproval(db, { id, name }, signal)
    const now = (await approvals.get(id)) ?? request
    const notice = {
      id,
      kind: 'resolved',
      channel,
      recipient: '',
      request: now,
      directory,
    } as const
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
    await githubChannel(needs).send(notice, limit)
  }
}

/** Settles once it has been written, or given up, or has taken too long. */
async function wordOfApproval(
  db: Kysely<Database>,
  { id, name }: { readonly id: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  for (let left = patienceMs / everyMs; left > 0 && !signal.aborted; left--) {
    const { rows } = await sql<object>`
      select 1 from approval_notifications where request_id = ${id} and channel = ${name}
        and kind = 'resolved' and state <> 'waiting'`.execute(db)
    if (rows.length > 0) return
    await wait(everyMs, signal)
  }
}
