import type { Forge } from '../forge/forge.ts'
import type { ChangedFile } from './changed-file.ts'

/** A repository elsewhere, as far as a proposal needs it. */
interface ProposedTo {
  /** Builds the commit without a work tree, pushes the branch, and returns the commit. */
  propose(
    proposed: {
      readonly base: string
      readonly branch: string
      readonly files: readonly ChangedFile[]
      readonly message: string
      readonly author: ProposalAuthor
    },
    signal: AbortSignal,
  ): Promise<string>
}

/** Where a change is proposed. */
export type ChangeSource = RepositorySource | FolderSource

/** A repository elsewhere. */
export interface RepositorySource {
  readonly kind: 'repository'
  readonly repository: ProposedTo
  /** The branch that is reconciled from. */
  readonly branch: string
  /** The commit that the change is made to. */
  readonly commit: string
  /** Asked to merge the branch; without one the branch is all there is. */
  readonly forge?: Pick<Forge, 'openChange'>
}

/** A folder or file of this machine, in a git work tree or not. */
interface FolderSource {
  readonly kind: 'folder'
  readonly path: string
}

/** Who a commit says that wrote it. */
export interface ProposalAuthor {
  readonly name: string
  readonly email: string
}

/** What somebody wants written. */
export interface WantedChange {
  readonly source: ChangeSource
  /** What the branch is called after `writ/`: letters, digits, dots and hyphens. */
  readonly name: string
  /** Paths as the source has them: as problems, tables and records name files. */
  readonly files: readonly ChangedFile[]
  /** The first line is the title, what follows an empty line the text. */
  readonly message: string
  /** The User who wants it. */
  readonly by: { readonly name: string; readonly email?: string | undefined }
}

/** What became of a change: never a hidden row, always something that people see where they review. */
export type Proposal =
  | {
      readonly kind: 'pull_request'
      readonly number: number
      readonly url: string
      readonly branch: string
      readonly commit: string
    }
  /** Pushed, or made in the repository of the work tree. */
  | {
      readonly kind: 'branch'
      readonly where: 'remote' | 'local'
      readonly branch: string
      readonly commit: string
    }
  /** A unified diff, for `git apply` or `patch -p1` in the folder that holds the source. */
  | { readonly kind: 'patch'; readonly patch: string }
  /** The files are so already. */
  | { readonly kind: 'nothing' }
