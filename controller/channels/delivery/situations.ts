import { type Kysely, sql } from 'kysely'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Database } from '../../store/database.ts'
import type { PushSubscriptions } from '../push/push-subscriptions.ts'
import { peopleOf, type Situation } from './audience.ts'

interface SituationNeeds {
  readonly db: Kysely<Database>
  readonly subscriptions: Pick<PushSubscriptions, 'of'>
}

/** Reads what there is to know about a request before anybody is told. */
export async function situationOf(
  { db, subscriptions }: SituationNeeds,
  request: ApprovalRequest,
  directory: Directory,
): Promise<Situation> {
  const { rows } = await sql<Pick<Situation, 'escalated' | 'reminders' | 'judged'>>`
    select r.escalated,
      (select count(*)::int from approval_events e
       where e.request_id = r.id and e.type = 'reminded') as reminders,
      array(select j.workflow from approval_judgements j
            where j.request_id = r.id and j.settled_at is not null) as judged
    from approval_requests r where r.id = ${request.id}`.execute(db)
  const [found = { escalated: [], reminders: 0, judged: [] }] = rows
  const users = [...new Set(request.workflows.flatMap(({ mayDecide }) => mayDecide))]
  const byPush = directory.channels.some(({ spec }) => spec.type === 'push')
  return {
    directory,
    ...found,
    subscriptions: byPush ? await subscriptions.of(peopleOf(directory, users)) : [],
  }
}

/**
 * Requests of these namespaces about which something may not have been noted down, because a process ended
 * between what happened and that: open ones of which nobody was told, and closed ones whose end was not.
 */
export async function unnoted(
  db: Kysely<Database>,
  namespaces: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select r.id from approval_requests r
    where r.state = 'pending' and r.namespace = any (${[...namespaces]}::text[]) and (
      not exists (select 1 from approval_notifications n where n.request_id = r.id)
      or cardinality(r.escalated) > 0 and not exists (
        select 1 from approval_notifications n where n.request_id = r.id and n.kind = 'escalation')
      or (select count(*) from approval_events e
          where e.request_id = r.id and e.type = 'reminded') >
         (select count(distinct n.round) from approval_notifications n
          where n.request_id = r.id and n.kind = 'reminder'))
    union
    select r.id from approval_requests r
    where r.state <> 'pending'
      and exists (select 1 from approval_notifications n
        where n.request_id = r.id and n.kind <> 'resolved' and n.state in ('waiting', 'sent'))
      and not exists (select 1 from approval_notifications n
        where n.request_id = r.id and n.kind = 'resolved')`.execute(db)
  return rows.map(({ id }) => id)
}
