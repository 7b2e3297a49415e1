import type { Kysely } from 'kysely'
import type { CallExplanation } from '../../schemas/call-explanation.ts'
import { fenced } from '../channels/fenced.ts'
import { oneLine } from '../channels/printable.ts'
import { explainRecord as explained } from '../explain/explain-record.ts'
import type { Database } from '../store/database.ts'
import type { Answering } from './answer-question.ts'

/**
 * Says of a recorded call what was decided, by which rule, and whether that is so. Arguments are left out, and what
 * conditions read of them, for everybody who may read the thread reads it.
 */
export function explainRecord(db: Kysely<Database>): Answering<'explain'> {
  return async ({ command, people }) => {
    const asked = { name: command.of, namespaces: [...people.keys()] }
    const found = await explained({ db, written: null }, asked, AbortSignal.timeout(longestMs))
    if (found.outcome !== 'explained') return null
    return fenced(linesOf(found.explanation).join('\n'))
  }
}

const longestMs = 30_000

function linesOf(explanation: CallExplanation): readonly string[] {
  const { attempt, outcome, decided, obstacle } = explanation
  const { action, reason, policy, rule, at, commit, table } = attempt
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Record', `${attempt.proxy}:${attempt.seq}, ${attempt.phase}, ${attempt.time}`],
    ['Agent', `${attempt.agent ?? 'nobody'} of namespace ${attempt.namespace}`],
    ['Call', callOf(attempt)],
    ['Decided', `${action}, ${reason}`],
    ['Rule', [policy, rule].filter(Boolean).join(' / ')],
    ['Written in', at && `${at.file}:${at.line}`],
    ['Commit', commit ?? decided.version.commit],
    ['Table', table],
    ['In force from', decided.version.from],
    ['Judged again', agreements[decided.agreement]],
    ['Refused by', obstacle?.reason],
    ['Budgets', explanation.budgets.map(({ budget }) => budget).join(', ')],
    ['Approval', approvalOf(explanation)],
    ['Ended', outcome?.status],
  ]
  return facts.flatMap(([name, text]) => (text ? [`${name}: ${oneLine(text, 500)}`] : []))
}

function callOf({ kind, server, tool, model, uri, prompt }: CallExplanation['attempt']): string {
  return [kind, server, tool ?? model ?? uri ?? prompt].filter(Boolean).join(' / ')
}

const agreements: Readonly<Record<CallExplanation['decided']['agreement'], string>> = {
  equal: 'decided the same',
  same_action: 'decided the same, whatever the record does not show',
  not_known: 'it hangs on what the record does not show',
  different: 'decided otherwise: something is not as it was',
  not_kept: 'the table is not kept any more',
  no_table: 'no table had decided it',
}

function approvalOf({ approval }: CallExplanation): string {
  if (approval === null) return ''
  const { id, stateThen, votes } = approval
  const answers = votes.map(({ user, decision }) => `${user} (${decision})`)
  return [id, stateThen, ...answers].filter(Boolean).join(', ')
}
