import { builtin } from '../../schemas/builtin-tool.ts'
import type { TableEntry, TablePolicy } from '../../schemas/rule-table.ts'
import { type Ask, type Conditions, shared, truthOf } from './conditions.ts'
import { type Outcome, outcome, together } from './outcome.ts'
import { type Selected, unmatchedOf } from './selections.ts'
import type { Speaker } from './spots.ts'
import { question } from './unknown.ts'

/** What an entry says in a case; null when it abstains. */
export type Say = (speaker: Speaker, ask: Ask, spoken: boolean) => Outcome | null

/** What entries say, each condition looked at. */
export function exactly(conditions: Conditions): Say {
  return ({ party: { policy }, entry }, ask) => entryOutcome(conditions, policy, entry, ask)
}

/**
 * The same, but that entries of policies that did not change may say anything. What they say is never looser than
 * allow, and where a decision is no looser together with that, it is no looser together with anything both states say.
 */
export function roughly(conditions: Conditions): Say {
  const exact = exactly(conditions)
  return (speaker, ask, spoken) => {
    if (speaker.party.changed) return exact(speaker, ask, spoken)
    const { name: policy } = speaker.party.policy
    const speaks = spoken || ask(shared(conditions, question(`whether ${policy} speaks`))) === true
    return speaks ? { ...allowed, policy } : null
  }
}

/** What the policies that select a caller decide in a case. */
export function decided(
  { system, unmatched }: Selected,
  heard: readonly Speaker[],
  say: (speaker: Speaker, spoken: boolean) => Outcome | null,
): Outcome {
  if (unmatched === null) return noPolicy
  const spoken = spokenBy(heard, say)
  return system.reduce<Outcome>((all, party) => {
    if (isFinal(all)) return all
    const speaker = heard.find(other => other.party === party)
    const said = speaker === undefined ? null : say(speaker, spoken !== null)
    const silent = spoken === null ? unmatchedOf(party) : allowed
    return together(all, said ?? silent)
  }, spoken ?? unmatched)
}

/** What the namespace's own policies say; null when all abstain. */
function spokenBy(
  heard: readonly Speaker[],
  say: (speaker: Speaker, spoken: boolean) => Outcome | null,
): Outcome | null {
  let spoken: Outcome | null = null
  for (const speaker of heard.filter(({ party }) => !party.policy.system)) {
    const said: Outcome | null = isFinal(spoken) ? null : say(speaker, spoken !== null)
    if (said !== null) spoken = together(spoken, said)
  }
  return spoken
}

/** What becomes of a call of one of Writ's own tools: only entries that name their server can refuse it. */
export function decidedOwn(
  { unmatched }: Selected,
  heard: readonly Speaker[],
  say: (speaker: Speaker, spoken: boolean) => Outcome | null,
): Outcome {
  for (const speaker of unmatched === null ? [] : heard) {
    if (speaker.entry.server !== builtin) continue
    const said = say(speaker, false)
    if (isFinal(said)) return said
  }
  return allowed
}

const allowed: Outcome = { action: 'allow', workflows: [], reason: 'unmatched' }
const noPolicy: Outcome = { action: 'deny', workflows: [], reason: 'no_policy' }
const refused = { action: 'deny', workflows: [] } as const
/** Whether a call comes without a reason. */
export const withoutReason = question('whether no reason is given')

function isFinal(outcome: Outcome | null): outcome is Outcome {
  return outcome?.action === 'deny'
}

function entryOutcome(
  conditions: Conditions,
  policy: TablePolicy,
  entry: TableEntry,
  ask: Ask,
): Outcome | null {
  const grounds = { policy: policy.name, at: entry.at }
  if (!entry.enabled) return outcome(refused, { ...grounds, reason: 'disabled' })
  if (entry.justification === 'required' && ask(withoutReason)) {
    return outcome(refused, { ...grounds, reason: 'justification_required' })
  }
  for (const rule of entry.rules) {
    const about = { policy: policy.name, rule, at: rule.at }
    const holds = rule.when === undefined || truthOf(conditions, rule.when, ask)
    if (holds === true) return outcome(rule, { ...about, reason: 'rule' })
    if (holds === null) {
      return outcome(entry.onError ?? policy.onError, { ...about, reason: 'condition_error' })
    }
  }
  return entry.otherwise ? outcome(entry.otherwise, { ...grounds, reason: 'unmatched' }) : null
}
