import type { CallKind } from '../../schemas/call-kind.ts'
import type { PlanChange } from '../../schemas/plan.ts'
import type { Transition } from './decisions.ts'
import type { Outcome } from './outcome.ts'
import type { Region } from './parties.ts'

/** What changes about some calls, in words: which calls, what became of them, what will. */
export function transitionWords(
  { region, before, after }: Transition,
  subjects: PlanChange['subjects'],
): string {
  const calls = [regionWords(region), ...forWhom(subjects), ...circumstances(before, after)]
  return `${calls.join(', ')}: ${was(before)}, now ${is(after)}`
}

/** The calls that a region is about. */
export function regionWords({ kind, match, server, notServer }: Region): string {
  const name = match === '*' ? `any ${kind}` : kind === 'tool' ? match : `${kind} ${match}`
  if (server !== undefined) return `${name} on ${server}`
  return notServer === undefined ? name : `${name} on any server but ${notServer}`
}

/** Effects in words of what a table says about a region's policy. */
export function forWhom({ agents, apiKeys }: NonNullable<PlanChange['subjects']> = {}) {
  return [
    ...(agents === undefined ? [] : [`for agents ${agents.join(', ')}`]),
    ...(apiKeys === undefined ? [] : [`with keys ${apiKeys.join(', ')}`]),
  ]
}

/** The condition under which it is so, from the rule that decides on either side. */
function circumstances(before: Outcome, after: Outcome): readonly string[] {
  const [said] = [before, after].filter(({ rule }) => rule?.source !== undefined)
  if (said === undefined) return []
  const when = `when ${said.rule?.source}`
  return [said.reason === 'condition_error' ? `${when} cannot be evaluated` : when]
}

function was(outcome: Outcome): string {
  switch (outcome.action) {
    case 'allow':
      return `was allowed${because(outcome)}`
    case 'deny':
      return `was denied${because(outcome)}`
    case 'require_approval':
      return `needed a person (${whom(outcome)})${because(outcome)}`
  }
}

function is(outcome: Outcome): string {
  switch (outcome.action) {
    case 'allow':
      return `allowed${because(outcome)}`
    case 'deny':
      return `denied${because(outcome)}`
    case 'require_approval':
      return `needs a person (${whom(outcome)})${because(outcome)}`
  }
}

function whom({ workflows }: Outcome): string {
  return workflows
    .map(name => name || 'the owners')
    .sort()
    .join(' and ')
}

function because({ reason, rule, policy }: Outcome): string {
  switch (reason) {
    case 'rule':
      return rule !== undefined && isNamed(rule.name) ? ` by ${rule.name}` : ''
    case 'disabled':
      return ' (disabled)'
    case 'justification_required':
      return ' without a reason'
    case 'no_policy':
      return ' (no policy)'
    case 'unmatched':
      return policy === undefined ? '' : ` by the default of ${policy}`
    default:
      return ''
  }
}

/** Names that were made up say where a rule stands, which people do not know it by. */
function isNamed(name: string): boolean {
  return !/^(tools|models|resources|prompts)\[\d+\]\./.test(name)
}

/** The fields of a change that say which calls it is about. */
export function regionFields({ kind, match, server, policy }: Region): {
  readonly kind: CallKind
  readonly name: string
  readonly server?: string
  readonly policy: string
} {
  return { kind, name: match, ...(server !== undefined && { server }), policy }
}
