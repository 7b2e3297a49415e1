import type { Replay } from '../../schemas/replay.ts'
import type { ChangeCoverage } from '../coverage/change-coverage.ts'
import type { ChangeRequest, Forge, ForgeRepository } from '../forge/forge.ts'
import type { GitProblem, GitProblemCode } from '../git/git-problem.ts'
import {
  type Assessment,
  type AssessNeeds,
  assessChange,
  problemOf,
  type Unread,
} from './assess-change.ts'
import { digestOf, type Standing } from './content-digest.ts'
import type { StandingInForce } from './standing.ts'

/** What was found out about a change; it stands while the key does. */
export interface Found {
  readonly key: string
  readonly assessment: Assessment
  readonly replay: Replay | string | null
  readonly coverage: ChangeCoverage | null
}

export interface FindNeeds extends AssessNeeds {
  readonly source: { readonly namespace: string }
  readonly forge: Pick<Forge, 'self'>
  /** What recorded calls come to under the candidate; a sentence where they are not asked. */
  readonly replay: (candidate: Standing, signal: AbortSignal) => Promise<Replay | string>
  /** What the calls on record say about the candidate; null where there is nothing to say. */
  readonly coverage: (
    candidate: Standing,
    replay: Replay | string,
    signal: AbortSignal,
  ) => Promise<ChangeCoverage | null>
  /** What was found out about changes before. */
  readonly memory: Map<number, Found>
  /** How often changes were asked for that could not be had. */
  readonly tries: Map<number, { readonly key: string; readonly count: number }>
}

/** What is over in a while; until then nothing is said, and no answer becomes void. A forge may tell of a change before it has it. */
export const passing: ReadonlySet<GitProblemCode> = new Set([
  'repository_unreachable',
  'repository_failed',
  'fetch_timeout',
  'change_gone',
])

/** How often a change that cannot be had is asked for: whoever proposes one that never can does not keep others waiting. */
const mostTries = 4

/** What there is to say where a change could not be looked at. */
export function notFound(key: string, problem: GitProblem): Found {
  const problems = [problemOf(problem)]
  const assessment = { kind: 'problems', problems, paths: new Set<string>() } as const
  return { key, assessment, replay: null, coverage: null }
}

/** What is found where a change could not be had; null while it is tried again. */
function unread({ tries }: FindNeeds, number: number, key: string, { problem }: Unread) {
  const known = tries.get(number)
  const count = known?.key === key ? known.count + 1 : 1
  tries.set(number, { key, count })
  return passing.has(problem.code) && count < mostTries ? null : notFound(key, problem)
}

interface Moment {
  readonly change: ChangeRequest
  readonly tip: string
  readonly inForce: StandingInForce
  readonly repository: ForgeRepository
}

/** Compiling, planning and replaying are done once for the same head, branch and state of what is in force. */
export async function findChange(
  needs: FindNeeds,
  { change, tip, inForce, repository }: Moment,
  signal: AbortSignal,
): Promise<Found | null> {
  const key = digestOf([change.headSha, tip, inForce.digest])
  const known = needs.memory.get(change.number)
  if (known?.key === key) return known
  const assessment = await assessChange(needs, { change, tip, inForce }, signal)
  if (assessment === null) return null
  const found =
    'problem' in assessment
      ? unread(needs, change.number, key, assessment)
      : await judged(needs, { change, inForce, repository }, { key, assessment }, signal)
  if (found !== null) needs.memory.set(change.number, found)
  return found
}

async function judged(
  needs: FindNeeds,
  moment: Omit<Moment, 'tip'>,
  { key, assessment }: Pick<Found, 'key' | 'assessment'>,
  signal: AbortSignal,
): Promise<Found> {
  if (assessment.kind !== 'planned') return { key, assessment, replay: null, coverage: null }
  const { candidate } = assessment
  if (!(await isShown(needs, moment, signal))) {
    return { key, assessment, replay: notShown, coverage: null }
  }
  const replay = await needs.replay(candidate, signal)
  return { key, assessment, replay, coverage: await needs.coverage(candidate, replay, signal) }
}

/** What stands in place of the replay of a change by somebody unknown. */
export const notShown =
  'Recorded calls are not shown: the policies in force do not know who proposes this.'

/**
 * Recorded calls are shown to those whom the policies in force know: who could open a change and read its comment
 * could otherwise ask, by the rules that it holds, what agents did.
 */
async function isShown(
  { forge, source }: FindNeeds,
  { change, inForce, repository }: Omit<Moment, 'tip'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { author, headRepositoryId } = change
  const directory = directoryOf(inForce, source.namespace)
  const isKnown =
    author.id === (await forge.self(signal)).id ||
    (directory?.users ?? []).some(({ spec }) => spec.identities?.github?.id === author.id)
  return isKnown && headRepositoryId === repository.id
}

/** Who is in a namespace; null where nobody is. */
export function directoryOf({ directories }: Standing, namespace: string) {
  return directories.find(directory => directory.namespace === namespace) ?? null
}
