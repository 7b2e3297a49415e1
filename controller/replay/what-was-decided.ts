import { Unknown } from '../../policy/decide/unknown.ts'
import type { Reason } from '../../schemas/decision.ts'
import type { Recorded } from './recorded.ts'
import { askedBy, type Told } from './shard-tally.ts'

/** Why policies decide; any other reason is of something that stood in the way of what they had allowed. */
const ofPolicies: ReadonlySet<string> = new Set<Reason>([
  'rule',
  'unmatched',
  'no_policy',
  'condition_error',
  'disabled',
  'justification_required',
  'no_table',
])

/** What the policies decided at the time, as the record says. */
export function whatWasDecided({ entry, written }: Recorded): Told | Unknown {
  // Of what was halted no policies were asked.
  if (written || entry.reason === 'halted') return new Unknown('undecided')
  if (!isOfPolicies(entry.reason)) return { action: 'allow', asked: [] }
  return { action: entry.action, asked: askedBy(entry) }
}

export function isOfPolicies(reason: string): boolean {
  return ofPolicies.has(reason)
}
