import type { CallExplanation } from '../../schemas/call-explanation.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { PastVersion } from '../publish/past-versions.ts'
import { notedFacts } from '../replay/noted-facts.ts'
import type { SessionState } from '../replay/session-states.ts'
import { askedBy } from '../replay/shard-tally.ts'
import { type Side, sideOf } from '../replay/side.ts'
import { isOfPolicies } from '../replay/what-was-decided.ts'
import { approvalThen } from './approval-then.ts'
import { budgetsThen } from './budgets-then.ts'
import { type Again, judgedOtherwise, judgedThen } from './judged-again.ts'
import { type CallName, type ReadCall, readCall } from './read-call.ts'
import { sessionThen } from './session-then.ts'
import {
  type FoundVersion,
  type NoVersion,
  newestVersion,
  tableBy,
  type VersionAtNeeds,
  versionAt,
  versionThen,
} from './version-at.ts'

/** What is asked about a recorded call. */
export interface Asked {
  readonly name: CallName
  /** Another version of the policies: a commit, or the digest of a table. */
  readonly at?: string | undefined
  /** Namespaces of which calls are explained; null for all of them. */
  readonly namespaces: readonly string[] | null
}

/** The explanation, or why there is none. */
export type Explained =
  | { readonly outcome: 'explained'; readonly explanation: CallExplanation }
  | { readonly outcome: 'no_record' }
  | {
      readonly outcome: 'no_version'
      readonly why: NoVersion['outcome']
      readonly namespace: string
      /** What had decided the call, and what is in force now: versions that can be asked about. */
      readonly deciding: PastVersion | null
      readonly newest: PastVersion | null
    }

/**
 * Says why a recorded call was decided as it was, as of then, and what another version of the policies would have said.
 * Rejects when the store cannot be read.
 */
export async function explainRecord(
  needs: VersionAtNeeds,
  { name, at, namespaces }: Asked,
  signal: AbortSignal,
): Promise<Explained> {
  const { db } = needs
  const call = await readCall(db, name, namespaces)
  if (call === null) return { outcome: 'no_record' }
  const { namespace } = call.attempt.entry
  const session = await sessionThen(db, call.attempt)
  const known = await decidedThen(needs, call, session)
  const explanation = { ...shownOf(call), ...known, approval: await approvalThen(db, call) }
  if (at === undefined) return { outcome: 'explained', explanation }
  const found = await versionAt(needs, namespace, at, signal)
  if (found.outcome === 'found') {
    const other = otherwise(found, call, session)
    return { outcome: 'explained', explanation: { ...explanation, at: other } }
  }
  return {
    ...{ outcome: 'no_version', why: found.outcome, namespace },
    deciding: await versionOf(needs, call),
    newest: await newestVersion(db, namespace),
  }
}

function shownOf({ attempt, outcome, others }: ReadCall) {
  const { entry } = attempt
  const text = outcome?.entry.error
  const obstacle = isOfPolicies(entry.reason)
    ? null
    : { reason: entry.reason, ...(text !== undefined && { text }) }
  return {
    attempt: entry,
    outcome: outcome?.entry ?? null,
    others: others.map(({ entry: { proxy, seq } }) => `${proxy}:${seq}`),
    obstacle,
  }
}

function versionOf({ db }: VersionAtNeeds, { attempt }: ReadCall): Promise<PastVersion | null> {
  const { namespace, table = '' } = attempt.entry
  return versionThen(db, namespace, table, new Date(attempt.time ?? 0))
}

async function decidedThen(
  needs: VersionAtNeeds,
  call: ReadCall,
  session: SessionState,
): Promise<Pick<CallExplanation, 'decided' | 'budgets'>> {
  const { db } = needs
  const { entry } = call.attempt
  const digest = entry.table ?? ''
  const version = versionShown(digest, await versionOf(needs, call))
  const nothing = { version, decision: null, unknown: null, trace: [] }
  if (digest === '') return { decided: { ...nothing, agreement: 'no_table' }, budgets: [] }
  const table = await tableBy(db, digest)
  if (table === null) return { decided: { ...nothing, agreement: 'not_kept' }, budgets: [] }
  const side = sideOf(table)
  const agents = await agentsThen(needs, call, side)
  const again = judgedThen(side, agents, call.attempt, session)
  return {
    decided: { ...shownAgain(again), agreement: again.agreement, version },
    budgets: await budgetsThen(db, side, agents, call),
  }
}

/** Who called may have been known by the table before, should it have been replaced at that moment. */
async function agentsThen(
  { db }: VersionAtNeeds,
  { attempt }: ReadCall,
  side: Side,
): Promise<Side['agents']> {
  const { agentTable } = notedFacts(attempt.entry) ?? {}
  if (agentTable === undefined) return side.agents
  const table = await tableBy(db, agentTable)
  return table === null ? new Map() : sideOf(table).agents
}

function otherwise(
  { table, digest, commit, version }: FoundVersion,
  call: ReadCall,
  session: SessionState,
): NonNullable<CallExplanation['at']> {
  const again = judgedOtherwise(sideOf(table), call.attempt, session)
  const shown = versionShown(digest, version)
  const compiled = version === null ? { compiled: true } : {}
  return {
    ...shownAgain(again),
    version: { ...shown, ...compiled, ...(commit !== null && { commit }) },
    changes: again.decision && isChange(call, again.decision),
  }
}

/** Held against what is on record; null where no policies had been asked. */
function isChange({ attempt }: ReadCall, now: Decision): boolean | null {
  const { action, workflows = [], reason } = attempt.entry
  if (reason === 'halted') return null
  const told = { action: isOfPolicies(reason) ? action : ('allow' as const), workflows }
  return told.action !== now.action || askedBy(told).join('\n') !== askedBy(now).join('\n')
}

function shownAgain({ decision, unknown, trace }: Again) {
  return { decision, unknown, trace }
}

function versionShown(table: string, version: PastVersion | null) {
  if (version === null) return { table }
  const { id, publishedAt, commit, review, overrides } = version
  const { author, subject } = commit ?? {}
  return {
    ...{ table, release: id, from: publishedAt },
    ...(commit !== undefined && { commit: commit.id }),
    ...(author !== undefined && { author }),
    ...(subject !== undefined && { subject }),
    ...(review !== undefined && { review }),
    ...(overrides !== undefined && { overrides }),
  }
}
