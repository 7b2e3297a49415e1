import type { Directory } from '../../schemas/directory.ts'
import type { Narrowing } from '../../schemas/review.ts'
import { panelsOf } from '../approvals/panel.ts'
import { personOf } from '../approvals/person.ts'
import type { Contributors } from '../forge/forge.ts'

/** Whose answers a change needs, by what is in force. */
export interface Bench {
  /** Approvals of distinct people. */
  readonly required: number
  /** Users who may answer, before anybody is left out; sorted. */
  readonly users: readonly string[]
  /** The workflow that names them; null for the owners of the namespace. */
  readonly workflow: string | null
  /** Set where nobody may approve, whoever is named: the source names no workflow for changes that widen. */
  readonly lacking: boolean
}

/**
 * Who may answer. A change that is proved to loosen nothing needs one of the people of the workflow, or of the
 * owners where the source names none; any other needs as many as the workflow says.
 */
export function benchOf(directory: Directory | null, source: string, narrows: Narrowing): Bench {
  const spec = directory?.sources?.find(({ name }) => name === source)?.spec
  const workflow = spec?.review?.workflow ?? null
  const [panel] = panelsOf(directory, [workflow ?? ''], { escalated: [] })
  const widens = narrows === 'unproven'
  return {
    required: widens ? (panel?.required ?? 1) : 1,
    users: spec === undefined ? [] : (panel?.mayDecide ?? []),
    workflow,
    lacking: workflow === null && widens,
  }
}

/** Who had a hand in a change, and so never answers for it. */
export interface Hands {
  /** People by the name that votes once. */
  readonly people: ReadonlySet<string>
  /** Why it is not known who they all are; null when it is. */
  readonly unknown: string | null
}

/** The people of the directory behind a change. An address belongs to who is written with it. */
export function handsOf(
  directory: Directory | null,
  { accounts, strangers, complete, pushersKnown }: Contributors,
): Hands {
  const users = directory?.users ?? []
  const ids = new Set(accounts.map(({ id }) => id))
  const addresses = new Set(strangers.map(address => address.toLowerCase()))
  const theirs = users.filter(
    ({ spec }) =>
      ids.has(spec.identities?.github?.id ?? -1) ||
      (spec.email !== undefined && addresses.has(spec.email.toLowerCase())),
  )
  const known = new Set(theirs.map(({ spec }) => spec.email?.toLowerCase()))
  const stranger = [...addresses].find(address => !known.has(address))
  return {
    people: new Set(theirs.map(({ name }) => personOf(name))),
    unknown: unknownBecause({ stranger, complete, pushersKnown }),
  }
}

function unknownBecause(seen: {
  readonly stranger: string | undefined
  readonly complete: boolean
  readonly pushersKnown: boolean
}): string | null {
  if (!seen.complete) return 'it has more commits than the forge lists'
  if (!seen.pushersKnown) return 'the forge does not say who pushed it'
  if (seen.stranger === undefined) return null
  const address = seen.stranger === '' ? 'the missing address' : `the address ${seen.stranger}`
  return `${address} of a commit belongs to no account and no User`
}
