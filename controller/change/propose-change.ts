import { slug } from '../../policy/compile/portable/slug.ts'
import { ControllerFailure } from '../failure.ts'
import { ForgeFailure } from '../forge/failure.ts'
import { GitFailure } from '../git/failure.ts'
import type { ChangedFile } from './changed-file.ts'
import type { Proposal, RepositorySource, WantedChange } from './proposal.ts'
import { type NamedChange, proposeInFolder } from './propose-in-folder.ts'

/** What a proposal needs besides the change itself. */
export interface ProposeNeeds {
  readonly signal: AbortSignal
}

/** More is not proposed in one go. */
const mostFiles = 5000
const mostCharacters = 16 * 1024 * 1024

/**
 * Proposes a change where the source is: a pull request where there is a forge, else a pushed branch; a branch
 * of a local repository, whose work tree stays as it is; a patch for a plain folder. Rejects with a
 * ControllerFailure `change_refused` when that cannot be; at worst a branch that nobody merges is left then.
 */
export async function proposeChange(needs: ProposeNeeds, wanted: WantedChange): Promise<Proposal> {
  const { files, source, message } = wanted
  refuseUnfit(files)
  if (files.length === 0) return { kind: 'nothing' }
  const change = { files, message, ...named(wanted) }
  return source.kind === 'folder'
    ? proposeInFolder(needs, source.path, change)
    : proposeTo(needs, source, change)
}

async function proposeTo(
  { signal }: ProposeNeeds,
  source: RepositorySource,
  change: NamedChange,
): Promise<Proposal> {
  const { forge, branch: base } = source
  const { branch, commit } = await pushed(source, change, signal)
  if (forge === undefined) return { kind: 'branch', where: 'remote', branch, commit }
  const [title = '', ...rest] = change.message.split('\n')
  const asked = { title, body: rest.join('\n').trim(), head: branch, base }
  const { number, url } = await forge.openChange(asked, signal).catch(refusedByForge(branch))
  return { kind: 'pull_request', number, url, branch, commit }
}

/** Names that are tried for a branch whose own is taken. */
const mostNames = 20

async function pushed(
  { repository, commit: base }: RepositorySource,
  change: NamedChange,
  signal: AbortSignal,
): Promise<{ readonly branch: string; readonly commit: string }> {
  for (let i = 1; i <= mostNames; i += 1) {
    const branch = i === 1 ? change.branch : `${change.branch}-${i}`
    const commit = await repository.propose({ ...change, base, branch }, signal).catch(isTaken)
    if (commit !== null) return { branch, commit }
  }
  const message = `there are ${mostNames} branches like ${change.branch} already`
  throw new ControllerFailure('change_refused', message)
}

/** Null for a branch that is there already. */
function isTaken(cause: unknown): null {
  if (!(cause instanceof GitFailure)) throw cause
  if (cause.code === 'branch_exists') return null
  throw new ControllerFailure('change_refused', cause.message, { cause })
}

function refusedByForge(branch: string) {
  return (cause: unknown): never => {
    if (!(cause instanceof ForgeFailure)) throw cause
    const message = `the branch ${branch} was pushed, but no change was opened: ${cause.message}`
    throw new ControllerFailure('change_refused', message, { cause })
  }
}

/** So that the branch can be told from others like it, and is still a name that git takes. */
const longestName = 80

function named({ name, by }: WantedChange): Pick<NamedChange, 'branch' | 'author'> {
  return {
    branch: `writ/${slug(name)
      .slice(0, longestName)
      .replace(/[-.]+$/, '')}`,
    author: { name: by.name, email: by.email ?? 'noreply@writ.invalid' },
  }
}

function refuseUnfit(files: readonly ChangedFile[]): void {
  const characters = files.reduce((sum, { text }) => sum + (text?.length ?? 0), 0)
  if (files.length > mostFiles || characters > mostCharacters) {
    throw new ControllerFailure('change_refused', 'the change is too large to be proposed at once')
  }
  const stray = files.find(({ path }) => !isPlain(path))
  if (stray !== undefined) {
    throw new ControllerFailure('change_refused', `${stray.path} is no path inside a repository`)
  }
}

/** Whether a path stays where it is put, and out of what git keeps for itself. */
function isPlain(path: string): boolean {
  const parts = path.split('/')
  return (
    !/[\\\p{Cc}]/u.test(path) &&
    parts.every(part => part !== '' && part !== '.' && part !== '..' && !/^\.git/i.test(part))
  )
}
