import type { PastSource, PastVersion } from '../controller/publish/past-versions.ts'
import type { Plan } from '../schemas/plan.ts'
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
  sink: Sink,
): readonly string[] {
  const { namespace, digest, publishedAt, inForce } = version
  const when = publishedAt.replace('T', ' ').slice(0, 16)
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

function changesText({ before, kept }: PastVersion, changed: Plan | null): readonly string[] {
  if (before === undefined) return ['the first table of the namespace']
  if (changed === null) return kept ? [] : ['the table is not kept any more']
  const lines = changed.changes.map(({ effect, message }) => `${effect}: ${message}`)
  if (lines.length === 0) return ['no decision changes']
  const left = lines.length - mostChanges
  return left > 0 ? [...lines.slice(0, mostChanges), `and ${many(left, 'more change')}`] : lines
}
