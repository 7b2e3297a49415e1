import canonicalize from 'canonicalize'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Plans } from '../../schemas/plan.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Answer, Compiler } from '../compile/compiler.ts'
import type { ChangeRequest } from '../forge/forge.ts'
import type { GitProblem } from '../git/git-problem.ts'
import type { GitRepository } from '../git/repository.ts'
import { emptyDirectory, emptyTable } from '../publish/empty-table.ts'
import type { Snapshot } from '../sources/source.ts'
import { filesDigest, type Standing, standingDigest } from './content-digest.ts'
import { mergedFiles } from './merge-files.ts'
import { planChange } from './plan-change.ts'
import type { StandingInForce } from './standing.ts'

/** What a change would do, apart from who may approve it. */
export type Assessment = {
  readonly problems: readonly Problem[]
  /** Files of the head, by the names that problems give them. */
  readonly paths: ReadonlySet<string>
} & (
  | { readonly kind: 'problems' }
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  | { readonly kind: 'nothing'; readonly content: string }
  | {
      readonly kind: 'planned'
      readonly content: string
      readonly candidate: Standing
      readonly candidateDigest: string
      readonly plan: Plans
    }
)

export interface AssessNeeds {
  readonly git: Pick<GitRepository, 'fetchChange' | 'snapshotAt' | 'mergeBase'>
  /** Folder of the policies in the repository; empty for all of it. */
  readonly path: string
  /** Compiles files as they would be compiled in force. */
  readonly compile: (
    files: readonly SourceFile[],
    signal: AbortSignal,
    inForce: Standing,
  ) => Promise<Answer>
  /** Compares states, away from what agents wait for. */
  readonly plan: Compiler['plan']
}

/** A change against a commit of the branch that it goes into, and against what is in force. */
export interface Asked {
  readonly change: Pick<ChangeRequest, 'number' | 'headSha'>
  /** Newest commit of the branch. */
  readonly tip: string
  readonly inForce: StandingInForce
}

/** A change that could not be had from its repository. */
export interface Unread {
  readonly problem: GitProblem
}

/**
 * Reads a change as it would be once merged, compiles it, and compares it with what is in force. Null when its head
 * is no longer the one that was asked about.
 */
export async function assessChange(
  needs: AssessNeeds,
  { change, tip, inForce }: Asked,
  signal: AbortSignal,
): Promise<Assessment | Unread | null> {
  const { git, path } = needs
  const head = await git.fetchChange(change.number, signal)
  if ('problem' in head) return { problem: head.problem }
  if (head.commit !== change.headSha) return null
  const theirs = await git.snapshotAt(head.commit, path, signal)
  const ours = await git.snapshotAt(tip, path, signal)
  const paths = new Set(theirs.files.map(file => file.path))
  if (theirs.problems.length > 0) return { ...broken(theirs.problems), paths }
  if (ours.problems.length > 0) return { ...broken(ours.problems), paths }
  const merged = await mergedWith(needs, { tip, head: head.commit, ours, theirs }, signal)
  if ('conflicts' in merged) {
    return { kind: 'conflict', files: merged.conflicts, problems: [], paths }
  }
  const { problems, tables, directories } = await needs.compile(merged.files, signal, inForce)
  if (tables === null) return { kind: 'problems', problems, paths }
  const candidate = withGone(
    {
      tables: new Map(tables.map(([name, { json }]) => [name, JSON.parse(json) as RuleTable])),
      // As the directories in force are kept: only what is said differs then, not in which order.
      directories: directories.map(said => JSON.parse(canonicalize(said) ?? '') as Directory),
    },
    inForce,
  )
  const content = filesDigest(merged.files)
  const candidateDigest = standingDigest(candidate)
  const untouched = content === filesDigest(ours.files) && candidateDigest === inForce.digest
  if (untouched) return { kind: 'nothing', content, problems, paths }
  const plan = await planChange(needs.plan, { inForce, candidate }, signal)
  return { kind: 'planned', content, candidate, candidateDigest, plan, problems, paths }
}

interface Commits {
  readonly tip: string
  readonly head: string
  readonly ours: Snapshot
  readonly theirs: Snapshot
}

async function mergedWith(
  { git, path }: AssessNeeds,
  { tip, head, ours, theirs }: Commits,
  signal: AbortSignal,
) {
  const base = await git.mergeBase(tip, head, signal)
  if (base === tip) return { files: theirs.files.map(({ path, text }) => ({ path, text })) }
  // Nothing that both began with: whatever differs was changed on both sides.
  const before = base === null ? [] : (await git.snapshotAt(base, path, signal)).files
  return mergedFiles({ base: before, ours: ours.files, theirs: theirs.files })
}

/** A namespace that is gone from what is written gets a table that allows nothing, and nobody who may decide. */
function withGone({ tables, directories }: Standing, inForce: Standing): Standing {
  const gone = [...inForce.tables.keys()].filter(namespace => !tables.has(namespace))
  const empty = (name: string) => [name, JSON.parse(emptyTable(name).json) as RuleTable] as const
  return {
    tables: new Map([...tables, ...gone.map(empty)]),
    directories: [...directories, ...gone.map(emptyDirectory)],
  }
}

function broken(problems: readonly Problem[]): Assessment {
  return { kind: 'problems', problems, paths: new Set() }
}

/** What is wrong with a repository has no place in a file. */
export function problemOf({ code, message, suggestion }: GitProblem): Problem {
  return {
    ...{ severity: 'error', code, message, file: '.', line: 1, column: 1 },
    ...(suggestion !== undefined && { suggestion }),
  }
}
