import type { Snapshot } from '../sources/source.ts'
import type { GitProblem } from './git-problem.ts'

/** A repository somewhere else, of which a bounded bare copy is kept here; nothing of it is ever checked out. */
export interface GitRepository {
  /** The newest commit of the branch, fetched, and signed by somebody known where that is required. */
  fetch(signal: AbortSignal): Promise<Fetched>
  /** Remembers that a fetched commit is in force: what comes after must follow it. */
  keep(commit: string): Promise<void>
  /** The commit that was in force last, also before this process; null when none ever was. */
  kept(): Promise<string | null>
  /** The head of a pull request, fetched; it may come from anybody. */
  fetchChange(number: number, signal: AbortSignal): Promise<Fetched>
  /** The policies of a fetched commit under a folder; empty for the whole repository. */
  snapshotAt(commit: string, path: string, signal: AbortSignal): Promise<Snapshot>
  /** What a fetched commit says of itself, and who signed it. Fails with `commit_unknown`. */
  commit(id: string, signal: AbortSignal): Promise<PolicyCommit>
  /** The commits of `to` that `from` has not, newest first, 200 at most; all when `from` is null. */
  log(from: string | null, to: string, signal: AbortSignal): Promise<readonly PolicyCommit[]>
  /** The newest commit that both have, or null when none is known: only newer history is fetched. */
  mergeBase(a: string, b: string, signal: AbortSignal): Promise<string | null>
  /** Files that differ between two fetched commits, with `a` the older. */
  changedFiles(a: string, b: string, signal: AbortSignal): Promise<readonly ChangedFile[]>
  /** Makes a commit on a fetched one and pushes it as a new branch; its id. Fails with `branch_exists`. */
  propose(change: ProposedCommit, signal: AbortSignal): Promise<string>
}

/** What came of a fetch. */
export type Fetched =
  | {
      readonly commit: string
      /** What is worth telling although the commit is taken. */
      readonly notes: readonly GitProblem[]
    }
  | { readonly problem: GitProblem }

/** A commit as it says of itself; all but `id` and `signedBy` is what its author wrote, made printable and short. */
export interface PolicyCommit {
  readonly id: string
  readonly author: string
  readonly authorEmail: string
  /** When it was committed, RFC 3339. */
  readonly time: string
  /** First line of its message. */
  readonly subject: string
  /** Who signed it, as known in force; absent when nobody known did. */
  readonly signedBy?: string
}

/** A file that differs between two commits. */
export interface ChangedFile {
  readonly path: string
  readonly change: 'added' | 'changed' | 'removed'
}

/** A commit that is to be made. */
export interface ProposedCommit {
  /** The commit it builds on. */
  readonly base: string
  /** Name of the new branch, under `writ/`. */
  readonly branch: string
  /** Files by path from the root of the repository; null removes one. */
  readonly files: readonly { readonly path: string; readonly text: string | null }[]
  readonly message: string
  readonly author: { readonly name: string; readonly email: string }
}
