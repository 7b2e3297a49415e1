/** Who did something at a forge. The number identifies; the login may change. */
export interface ForgeAccount {
  /** 0 for an account that is gone. */
  readonly id: number
  readonly login: string
  readonly type: 'user' | 'bot' | 'organization' | 'unknown'
}

/** The repository as it is now, whatever it was called before. */
export interface ForgeRepository {
  readonly id: number
  /** owner/name. */
  readonly name: string
  readonly defaultBranch: string
  /** Where people look at it. */
  readonly url: string
}

/** A comment in a thread, as it is at the moment of asking. */
export interface ForgeComment {
  readonly id: number
  /** Number of the pull request or issue. */
  readonly thread: number
  /** Of the repository that holds the comment now, which another name may lead to. */
  readonly repositoryId: number
  readonly author: ForgeAccount
  /** Slug of the app that wrote it in the author's name; null when the author did. */
  readonly viaApp: string | null
  readonly body: string
  /** RFC 3339, in UTC. */
  readonly createdAt: string
  /** Equal to `createdAt` unless something was edited, whoever did. */
  readonly updatedAt: string
  /** Hidden by somebody; null where only a fresh look at the one comment tells. */
  readonly minimised: boolean | null
  readonly url: string
}

/** A pull request. */
export interface ChangeRequest {
  readonly number: number
  readonly title: string
  readonly url: string
  readonly author: ForgeAccount
  readonly headSha: string
  readonly headBranch: string
  /** Null when the repository of the head is gone. */
  readonly headRepositoryId: number | null
  readonly baseBranch: string
  readonly baseSha: string
  readonly draft: boolean
  readonly state: 'open' | 'closed' | 'merged'
  /** The commit that the merge made on the base branch. */
  readonly mergeSha?: string
  /** Known where the one change was asked for. */
  readonly mergedBy?: ForgeAccount
  readonly updatedAt: string
}

/** A change that was merged, and who had approved it at the forge. */
export interface MergedChange extends ChangeRequest {
  readonly state: 'merged'
  /** People whose last verdict was an approval, with the head that they looked at. */
  readonly approvals: readonly { readonly by: ForgeAccount; readonly headSha: string }[]
}

/** Where people talk: a pull request or an issue. */
export interface Thread {
  readonly number: number
  readonly kind: 'pull' | 'issue'
  readonly state: 'open' | 'closed'
  readonly author: ForgeAccount
  readonly locked: boolean
}

/** Everybody who had a hand in a change. */
export interface Contributors {
  /** Author of the change; authors, co-authors and committers of its commits; who pushed its branch. Each once. */
  readonly accounts: readonly ForgeAccount[]
  /** Mail addresses of authors and committers that belong to no account. */
  readonly strangers: readonly string[]
  /** Whether all commits were seen; false for a change with more than the forge lists. */
  readonly complete: boolean
  /** Whether it could be seen who pushed the head; false for the branch of a fork that cannot be read. */
  readonly pushersKnown: boolean
}

/** A remark at a place in a file. */
export interface Annotation {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** From 1; counts only when the remark is about one line. */
  readonly column?: number
  readonly level: 'notice' | 'warning' | 'failure'
  readonly title?: string
  readonly message: string
}

/** What is said about a commit. */
export interface Report {
  readonly headSha: string
  /** What the check is about, where there are several; it is part of its name. */
  readonly of?: string
  /** `pending` waits for somebody; only `success` lets a protected branch take the commit. */
  readonly conclusion: 'success' | 'failure' | 'pending'
  /** One line. */
  readonly title: string
  /** Markdown. */
  readonly summary: string
  readonly annotations: readonly Annotation[]
  readonly detailsUrl?: string
}

/** A comment that is written once and edited in place. */
export interface Saying {
  /** A word, `[a-z0-9:/-]`, that no other comment of this installation in the thread has. */
  readonly marker: string
  /** Markdown; cut at the length that the forge takes. */
  readonly body: string
}

/** The comment that stands there now. */
export interface SaidComment extends ForgeComment {
  /** What the comment said just before, when that was something else; null as well for a new one. */
  readonly replaced: string | null
}

/** A change that is proposed. Both branches are in the repository. */
export interface Proposed {
  readonly title: string
  readonly body: string
  readonly head: string
  readonly base: string
}

/**
 * One repository at a forge. Every method asks afresh, settles within a limit, tries again what may pass
 * within it, and rejects with a ForgeFailure, or with the reason of the signal when that aborts. Text that it
 * returns was written by anybody.
 */
export interface Forge {
  repository(signal: AbortSignal): Promise<ForgeRepository>
  /** Who speaks here. */
  self(signal: AbortSignal): Promise<ForgeAccount>
  /** Open changes for a branch, the one that was touched last first; at most 300. */
  openChanges(branch: string, signal: AbortSignal): Promise<readonly ChangeRequest[]>
  change(number: number, signal: AbortSignal): Promise<ChangeRequest>
  thread(number: number, signal: AbortSignal): Promise<Thread>
  contributors(number: number, signal: AbortSignal): Promise<Contributors>
  /** The merged change whose merge made the commit; null when none did, for example when it was pushed. */
  changeOf(commit: string, signal: AbortSignal): Promise<MergedChange | null>
  /** The comment as it is now, `minimised` included; null when it is gone. */
  comment(id: number, signal: AbortSignal): Promise<ForgeComment | null>
  /** Comments that were written or edited since, oldest first; at most 1,000, the later ones at the next look. */
  commentsSince(time: Date, signal: AbortSignal): Promise<readonly ForgeComment[]>
  /** Says about a commit what `writ/policy` comes to; saying the same again changes nothing. */
  report(report: Report, signal: AbortSignal): Promise<void>
  /** Writes the comment, or edits the one that was written under the marker; saying the same again changes nothing. */
  say(thread: number, saying: Saying, signal: AbortSignal): Promise<SaidComment>
  /** Writes another comment. */
  reply(thread: number, body: string, signal: AbortSignal): Promise<ForgeComment>
  /** Opens the change, or returns the open one of the same head and base. */
  openChange(proposed: Proposed, signal: AbortSignal): Promise<ChangeRequest>
}
