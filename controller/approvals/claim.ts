import type { ApprovalClaim } from '../../schemas/approval.ts'
import type { Directory } from '../../schemas/directory.ts'
import { extendBudget } from '../budgets/extend-budget.ts'
import { expire } from './expire.ts'
import type { InForce, InForceReader } from './in-force/in-force.ts'
import { type VoidReason, voidReason } from './in-force/void-reason.ts'
import { halted } from './keeping/freeze.ts'
import { allMet, countsFor, type Panel, panelsOf } from './panel.ts'
import { questionOf, requestBy, type VoteRow, votesOf } from './present.ts'
import { moved, type RequestRow, type Transition, taken } from './transition.ts'

/** What a claim came to; the row is null for an id that is not known. */
interface Claimed {
  readonly granted: boolean
  readonly row: RequestRow | null
}

/**
 * Grants the one use of an approval, or ends an approval that no longer stands. A claim that was judged by
 * another table than the one in force changes nothing, its proxy judges again and claims again; nor does one of a call
 * that is halted.
 */
export async function claim(
  transition: Transition,
  id: string,
  asked: ApprovalClaim,
  inForce: InForceReader,
): Promise<Claimed> {
  const { db, at } = transition
  const row = await taken(db, id, ['approved'])
  if (row === null) return said(await requestBy(db, id), asked)
  if (await halted(db, id)) return { granted: false, row }
  const late = await expire(transition, row)
  if (late !== null) return { granted: false, row: late }
  const now = await inForce.of(db, row.namespace)
  if (now.table !== null && now.table.digest !== asked.table) return { granted: false, row }
  const reason =
    voidReason(row, now, at.getTime()) ??
    misfit(row, asked, now, await votesOf(db, [id])) ??
    (await notExtended(transition, row, now))
  if (reason !== null) {
    const ended = await moved(transition, row, { state: 'void', reason, by: asked.proxy })
    return { granted: false, row: ended }
  }
  const consumed = await moved(transition, row, {
    state: 'consumed',
    by: asked.proxy,
    detail: asked.call,
    set: { consumed_at: at, consumed_by: asked.proxy, consumed_call: asked.call },
  })
  return { granted: consumed !== null, row: consumed }
}

/** Extends the budget that the approval is for, or says why it does not. */
async function notExtended(
  { db }: Transition,
  row: RequestRow,
  { table }: InForce,
): Promise<VoidReason | null> {
  const { extension } = questionOf(row)
  if (extension === undefined) return null
  if (table?.extensions.get(extension.budget) === undefined) return 'rule_removed'
  return (await extendBudget(db, row.namespace, extension)) ? null : 'call_changed'
}

/** The answer to a claim may be lost on its way: whoever was granted the use hears it again, for the same call only. */
function said(row: RequestRow | null, { proxy, call, digest }: ApprovalClaim): Claimed {
  const granted =
    row?.state === 'consumed' &&
    row.consumed_by === proxy &&
    row.consumed_call === call &&
    row.digest === digest
  return { granted, row }
}

/** Why the approval does not cover the call as it is about to be made. */
function misfit(
  row: RequestRow,
  asked: ApprovalClaim,
  { directory }: InForce,
  votes: readonly VoteRow[],
): VoidReason | null {
  if (asked.digest !== row.digest) return 'call_changed'
  const panels = panelsNow(directory, row, asked.workflows)
  if (allMet(panels, votes)) return null
  return votes.some(vote => hasLeft(panels, vote)) ? 'decider_left' : 'workflows_changed'
}

/** A call that nobody is asked about any more still needs what was asked for it. */
function panelsNow(
  directory: Directory | null,
  row: RequestRow,
  workflows: readonly string[],
): readonly Panel[] {
  const { user } = questionOf(row)
  const names = workflows.length === 0 ? row.workflows : workflows
  return panelsOf(directory, names, { user, escalated: row.escalated })
}

function hasLeft(panels: readonly Panel[], vote: VoteRow): boolean {
  return panels.some(panel => vote.workflows.includes(panel.workflow) && !countsFor(panel, vote))
}
