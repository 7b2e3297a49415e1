import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { workTreeOf } from '../sources/git.ts'
import type { ChangedFile } from './changed-file.ts'
import { commitLocally } from './commit-locally.ts'
import { folderPatch } from './folder-patch.ts'
import type { Proposal, ProposalAuthor } from './proposal.ts'

/** A change whose branch and author have names. */
export interface NamedChange {
  readonly branch: string
  readonly files: readonly ChangedFile[]
  readonly message: string
  readonly author: ProposalAuthor
}

/** Proposes a change to a folder or file of this machine: a branch where git keeps it, else a patch. */
export async function proposeInFolder(
  { signal }: { readonly signal: AbortSignal },
  path: string,
  change: NamedChange,
): Promise<Proposal> {
  const root = resolve(path)
  const isFile = await stat(root).then(
    stats => stats.isFile(),
    () => false,
  )
  const folder = isFile ? dirname(root) : root
  const tree = await workTreeOf(folder, signal)
  const committed = tree === null ? null : await commitLocally(tree.gitFolder, change, signal)
  if (committed === 'nothing') return { kind: 'nothing' }
  if (committed !== null) return { kind: 'branch', where: 'local', ...committed }
  const patch = await folderPatch(dirname(root), basename(root), change.files)
  return patch === '' ? { kind: 'nothing' } : { kind: 'patch', patch }
}
