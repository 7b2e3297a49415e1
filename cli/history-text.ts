import type { PastSource, PastVersion } from '../controller/publish/past-versions.ts'
import type { Plan, PlanChange, PlanEffect } from '../schemas/plan.ts'
import { many } from './problem-text.ts'
import { printable, type Sink } from './terminal.ts'

/** A version as the controller answers it. */
export type HistoryVersion = PastVersion & { readonly inForce: boolean }

/** Changes that are told of one version. */
const mostChanges = 3

/** A version as people read it: when, which table, what brought it, and what changed. */
export function versionText(
  version: HistoryVersion,
  changed: Plan | null,
  sink: Pick<Sink, 'paint'>,
): readonly string[] {
  const { namespace, digest, publishedAt, inForce } = version
  const when = minute(publishedAt)
  const state = inForce ? sink.paint('green', 'in force') : ''
  const head = [sink.paint('bold', String(version.id)), when, namespace, digest.slice(0, 19), state]
  const { sources = [] } = version
  const more = [
    ...commitText(version),
    ...reviewText(version),
    ...sources.flatMap(sourceText),
    ...overridesText(version),
  ]
  return [
    head.filter(Boolean).join('  '),
    ...more.map(line => `  ${printable(line)}`),
    ...changesText(version, changed).map(line => sink.paint('dim', `  ${printable(line)}`)),
  ]
}

function sourceText(source: PastSource): readonly string[] {
  return [[source.source, ...commitText(source), ...reviewText(source)].join('  ')]
}

function commitText({ commit }: Pick<PastVersion, 'commit'>): readonly string[] {
  if (commit === undefined) return []
  const { id, author, subject = '', time, signedBy } = commit
  if (author === undefined) return [id.slice(0, 12)]
  const signed = signedBy === undefined ? '' : `, signed by ${signedBy}`
  const at = time === undefined ? '' : `, ${time.slice(0, 10)}`
  return [`${id.slice(0, 12)}  ${subject}  (${author}${at}${signed})`]
}

function reviewText({ review }: Pick<PastVersion, 'review'>): readonly string[] {
  if (review === undefined) return []
  const { change, outcome, approvers } = review
  const names = [...new Set(approvers.map(({ user }) => user))].join(', ')
  const how = outcome === 'approved' && names ? `approved by ${names}` : outcome
  return [change === undefined ? how : `change ${change.number} by ${change.author.login}, ${how}`]
}

function overridesText({ overrides = [] }: PastVersion): readonly string[] {
  return overrides.length === 0
    ? []
    : [`with ${many(overrides.length, 'override')}: ${overrides.join(', ')}`]
}

function changesText(version: HistoryVersion, rules: Plan | null): readonly string[] {
  const { before, people } = version
  const since = (people?.changes ?? []).filter(change => change.since !== undefined)
  if (before === undefined) return ['the first table of the namespace', ...changeLines(since)]
  const changes = [...(rules?.changes ?? []), ...besides(version, rules)]
  const notShown = (people?.count ?? 0) - (people?.changes.length ?? 0)
  const notes = notesOn(version, rules)
  if (changes.length + notes.length === 0) return ['no decision changes']
  return [...changeLines(changes, notShown), ...notes]
}

type Change = Pick<PlanChange, 'effect' | 'message'> & { readonly since?: string }

/** What changed besides rules, and is not among what the rules say. */
function besides({ people }: HistoryVersion, rules: Plan | null): readonly Change[] {
  const said = new Set(rules?.changes.map(({ message }) => message))
  return (people?.changes ?? []).filter(({ message }) => !said.has(message))
}

function changeLines(changes: readonly Change[], notShown = 0): readonly string[] {
  const sorted = effects.flatMap(effect => changes.filter(change => change.effect === effect))
  const lines = sorted.map(({ effect, message, since }) =>
    since === undefined
      ? `${effect}: ${message}`
      : `${effect}: ${message} (since ${minute(since)})`,
  )
  const left = Math.max(0, lines.length - mostChanges) + notShown
  return left > 0 ? [...lines.slice(0, mostChanges), `and ${many(left, 'more change')}`] : lines
}

const effects: readonly PlanEffect[] = ['widening', 'either', 'narrowing', 'neutral']

/** What was not compared. */
function notesOn({ kept, people }: HistoryVersion, rules: Plan | null): readonly string[] {
  return [
    ...(rules === null && !kept ? ['the table is not kept any more'] : []),
    ...(rules === null && kept ? ['rules were not compared'] : []),
    ...(people === undefined ? ['people were not compared'] : []),
    ...(people?.from === undefined ? [] : [`people were compared from ${minute(people.from)} on`]),
  ]
}

/** An instant to the minute, UTC. */
function minute(instant: string): string {
  return instant.replace('T', ' ').slice(0, 16)
}
