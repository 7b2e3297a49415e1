import { sql, type Transaction } from 'kysely'
import type { ApprovalNews, ApprovalQuestion } from '../../schemas/approval.ts'
import { ControllerFailure } from '../failure.ts'
import { searchable } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'
import { expectExtension } from './expect-extension.ts'
import { expire } from './expire.ts'
import { approvedBy, noteUse, useGrant } from './grants/use-grant.ts'
import type { InForce, InForceReader } from './in-force/in-force.ts'
import { printOf, type RulePrint } from './in-force/rule-print.ts'
import { voidReason } from './in-force/void-reason.ts'
import { newsOf, votesOf } from './present.ts'
import { newId } from './request-id.ts'
import { expiryOf, momentsOf, nextDue } from './schedule.ts'
import { moved, type RequestRow, type Transition, taken } from './transition.ts'

/** Questions that one agent may have open, and how large they may be together; more would bury people. */
const mostOpen = { questions: 1000, bytes: 64 * 1024 * 1024 }

/** Finds the open request for the digest, or makes one. One proxy of several that ask at once makes it. */
export async function ask(
  transition: Transition,
  question: ApprovalQuestion,
  inForce: InForceReader,
): Promise<ApprovalNews> {
  const { db } = transition
  await oneAtATime(db, question)
  const now = await inForce.of(db, question.namespace)
  expectExtension(question, now.table)
  const open = await standing(transition, question, now)
  const row = open ?? (await made(transition, owned(question, now.table), now, inForce))
  return newsOf(row, await votesOf(db, [row.id]), now.directory)
}

/** Separation of duties does not depend on whether a proxy names the owner of the agent. */
function owned(question: ApprovalQuestion, table: InForce['table']): ApprovalQuestion {
  const owner = table?.agents.find(({ name }) => name === question.agent)?.user ?? ''
  return question.user !== undefined || owner === '' ? question : { ...question, user: owner }
}

/** Questions of one agent are counted, so they come one after another. */
async function oneAtATime(
  db: Transaction<Database>,
  { namespace, agent }: ApprovalQuestion,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${namespace}/${agent}`}, 0))`.execute(
    db,
  )
}

/** The open request for the digest, once it has been looked at whether it still is. */
async function standing(
  transition: Transition,
  question: ApprovalQuestion,
  inForce: InForce,
): Promise<RequestRow | null> {
  const { db, at } = transition
  const found = await db
    .selectFrom('approval_requests')
    .select(['id', 'agent', 'key_sha256'])
    .where('namespace', '=', question.namespace)
    .where('digest', '=', question.digest)
    .where('state', 'in', ['pending', 'approved'])
    .executeTakeFirst()
  if (found !== undefined) expectAsker(found, question)
  const row = found ? await taken(db, found.id, ['pending', 'approved']) : null
  if (row === null || (await expire(transition, row))) return null
  const reason = voidReason(row, inForce, at.getTime())
  if (reason === null) return row
  await moved(transition, row, { state: 'void', reason })
  return null
}

/** A digest covers who asks, unless it is about a budget that many spend from; so one that two share is wrong, and nobody learns of the request of somebody else by it. */
function expectAsker(
  found: Pick<RequestRow, 'agent' | 'key_sha256'>,
  { agent, keySha256, extension }: ApprovalQuestion,
): void {
  if (extension !== undefined) return
  if (found.agent === searchable(agent) && found.key_sha256 === keySha256) return
  throw new ControllerFailure('question_conflict', 'another agent asks by the same digest')
}

async function made(
  transition: Transition,
  question: ApprovalQuestion,
  now: InForce,
  inForce: InForceReader,
): Promise<RequestRow> {
  const { db, at, say } = transition
  await expectRoom(db, question)
  const print = printOf(question, await inForce.table(db, question.table))
  const values = rowOf(question, now, print, at)
  const reason = voidReason(values, now, at.getTime())
  const used = reason === null ? await useGrant(transition, values, question, now) : null
  const row = await db
    .insertInto('approval_requests')
    .values({ ...values, ...(used && approvedBy(used, at)) })
    .returningAll()
    .executeTakeFirstOrThrow()
  say(row, row.state, { type: 'created', by: question.proxy })
  if (used) await noteUse(transition, row, used)
  if (reason === null) return row
  return (await moved(transition, row, { state: 'void', reason })) ?? row
}

async function expectRoom(
  db: Transaction<Database>,
  { namespace, agent }: ApprovalQuestion,
): Promise<void> {
  const { rows } = await sql<{ questions: number; bytes: number }>`
    select count(*)::int as questions, coalesce(sum(octet_length(question)), 0)::float8 as bytes
    from approval_requests
    where namespace = ${namespace} and agent = ${searchable(agent)} and state = 'pending'`.execute(
    db,
  )
  const [open = { questions: 0, bytes: 0 }] = rows
  if (open.questions < mostOpen.questions && open.bytes < mostOpen.bytes) return
  throw new ControllerFailure(
    'too_many_questions',
    `agent ${agent} has ${open.questions} questions open; it must wait until some are answered`,
  )
}

function rowOf(
  question: ApprovalQuestion,
  { directory }: InForce,
  print: RulePrint | null,
  at: Date,
): RequestRow {
  const workflows = [...new Set(question.workflows)].sort()
  const expiresAt = expiryOf(directory, workflows, at.getTime())
  const moments = momentsOf(directory, workflows, at.getTime())
  return {
    id: newId('apr'),
    namespace: question.namespace,
    digest: question.digest,
    state: 'pending',
    proxy: question.proxy,
    agent: searchable(question.agent) ?? '',
    server: searchable(question.server),
    tool: searchable(question.name) ?? '',
    key_sha256: question.keySha256,
    schema_digest: question.schemaDigest ?? null,
    workflows,
    question: JSON.stringify(question),
    rule_print: print && JSON.stringify(print),
    requested_at: at,
    expires_at: new Date(expiresAt),
    next_at: new Date(nextDue(moments, at.getTime(), expiresAt)),
    acted_until: at,
    escalated: [],
    escalated_at: null,
    resolved_at: null,
    reason: null,
    grant_id: null,
    consumed_at: null,
    consumed_by: null,
    consumed_call: null,
    outcome: null,
    revision: 1,
    frozen_at: null,
    frozen_ms: 0,
  }
}
