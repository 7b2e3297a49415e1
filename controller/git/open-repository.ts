import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Access, type Credentials, withAccess } from './access.ts'
import { isBranchName } from './branch-name.ts'
import { commitFacts, commitsBetween, isCommitId } from './commit-facts.ts'
import { GitFailure } from './failure.ts'
import { fetchBeside, fetchBranch } from './fetch-ref.ts'
import type { GitProblem } from './git-problem.ts'
import { changedBetween, follows, mergeBaseOf } from './history.ts'
import { inTurn } from './in-turn.ts'
import { type Mirror, openMirror } from './mirror.ts'
import { propose } from './propose.ts'
import type { RemoteUrl } from './remote-url.ts'
import type { Fetched, GitRepository, PolicyCommit } from './repository.ts'
import { signatureOf } from './signature.ts'
import type { Signer } from './signers.ts'
import { treeSnapshot } from './tree-snapshot.ts'

export interface RepositoryNeeds {
  /** Folder of its own for the copy; made when it is not there. */
  readonly folder: string
  readonly url: RemoteUrl
  readonly branch: string
  /** Asked before every fetch. */
  readonly credentials: () => Promise<Credentials>
  /** Whose signatures count, by what is in force; asked after every fetch. */
  readonly signatures: () => Signatures
}

/** Whether commits must be signed, and by whom. */
export interface Signatures {
  readonly required: boolean
  readonly signers: readonly Signer[]
}

const mostCommitsListed = 200

/** Opens the copy of a repository; nothing is fetched yet. Fails with `url_unusable` when the branch can have no such name. */
export async function openRepository(needs: RepositoryNeeds): Promise<GitRepository> {
  const { folder, url, branch } = needs
  if (!isBranchName(branch)) throw new GitFailure('url_unusable', 'This is no name of a branch.')
  const trusted = url.folder === undefined ? [] : [url.folder]
  const mirror = await openMirror(folder, trusted)
  const turn = inTurn()
  const kept = keptCommit(join(folder, 'in-force'))
  const reach = async <T>(use: (access: Access) => Promise<T>) =>
    withAccess(url, await needs.credentials(), mirror.home, use)
  const head = `refs/heads/${branch}`
  return {
    fetch: signal =>
      turn(async () => {
        const got = await reach(access => fetchBranch({ mirror, url, access }, head, signal))
        if ('problem' in got) return got
        return checked(mirror, got.commit, await kept.read(), needs.signatures(), signal)
      }),
    // Not in turn: nobody who puts a commit in force waits for a server that hangs.
    keep: commit => kept.write(commit),
    kept: () => kept.read(),
    fetchChange: (number, signal) =>
      turn(async () => {
        const ref = { from: `refs/pull/${number}/head`, to: `refs/writ/changes/${number}` }
        const got = await reach(access => fetchBeside({ mirror, url, access }, head, ref, signal))
        if (!('problem' in got)) return { ...got, notes: [] }
        return got.problem.code === 'branch_gone' ? { problem: changeGone } : got
      }),
    snapshotAt: (commit, path, signal) =>
      turn(() => treeSnapshot(mirror.git, commitId(commit), path, signal)),
    commit: (id, signal) =>
      turn(() => signedFacts(mirror, commitId(id), needs.signatures().signers, signal)),
    log: (from, to, signal) =>
      turn(() => commitsBetween(mirror.git, from, to, mostCommitsListed, signal)),
    mergeBase: (a, b, signal) =>
      turn(() => mergeBaseOf(mirror.git, commitId(a), commitId(b), signal)),
    changedFiles: (a, b, signal) =>
      turn(() => changedBetween(mirror.git, commitId(a), commitId(b), signal)),
    propose: (change, signal) =>
      turn(async () => {
        const made = await reach(access => propose({ mirror, url, access }, change, signal))
        if (typeof made === 'string') return made
        throw new GitFailure('proposal_refused', made.problem.message)
      }),
  }
}

/** Only whole names of commits are taken: anything else git might read as an option or as another place. */
function commitId(text: string): string {
  if (isCommitId(text)) return text
  throw new GitFailure('commit_unknown', 'this is no name of a commit')
}

async function signedFacts(
  mirror: Mirror,
  id: string,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<PolicyCommit> {
  const facts = await commitFacts(mirror.git, id, signal)
  const signature = await signatureOf(mirror, id, signers, signal)
  return 'signedBy' in signature ? { ...facts, signedBy: signature.signedBy } : facts
}

/** A fetched commit, unless it must be signed and is not, or must follow what is in force and does not. */
async function checked(
  mirror: Mirror,
  commit: string,
  before: string | null,
  { required, signers }: Signatures,
  signal: AbortSignal,
): Promise<Fetched> {
  if (commit === before) return { commit, notes: [] }
  if (required) {
    const signature = await signatureOf(mirror, commit, signers, signal)
    if ('problem' in signature) return signature
  }
  if (before === null || (await follows(mirror.git, before, commit, signal))) {
    return { commit, notes: [] }
  }
  // Whoever can push could otherwise bring an old commit back, signature and all.
  return required ? { problem: rewound(before) } : { commit, notes: [rewritten(before)] }
}

function rewritten(before: string): GitProblem {
  return {
    code: 'history_rewritten',
    message: `The branch was rewritten: its newest commit does not follow ${before.slice(0, 12)}, which was in force.`,
    suggestion: 'Protect the branch from force-pushes.',
  }
}

function rewound(before: string): GitProblem {
  const { code, message } = rewritten(before)
  return {
    code,
    message,
    suggestion: `Push a signed commit that follows it, for example of \`git merge -s ours ${before.slice(0, 12)}\`.`,
  }
}

const changeGone: GitProblem = { code: 'change_gone', message: 'There is no such pull request.' }

/** The commit that is in force, in a file beside the copy, which may be fetched anew at any time. */
function keptCommit(path: string) {
  return {
    async read(): Promise<string | null> {
      const text = await readFile(path, 'utf8').catch(() => '')
      return isCommitId(text.trim()) ? text.trim() : null
    },
    async write(commit: string): Promise<void> {
      await writeFile(`${path}.new`, `${commitId(commit)}\n`, { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
  }
}
