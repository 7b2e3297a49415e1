import { join } from 'node:path'
import type { ChangeSource } from '../change/proposal.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Compiler } from '../compile/compiler.ts'
import { forgeOf } from '../github/forge-of.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import type { GitSource } from '../sources/git-source.ts'
import { localSource } from '../sources/local-source.ts'
import { localFilesAt } from './local-files-at.ts'
import type { WrittenPolicies } from './written-policies.ts'

export interface OpenWrittenNeeds {
  readonly policies: Pick<Policies, 'git' | 'compileWith'>
  /** Folder or file with policies, where they come from one. */
  readonly source: string | undefined
  /** Folder of the controller. */
  readonly dataFolder: string
  readonly compiler: Compiler
  readonly secrets: Secrets
  readonly now: () => number
}

/** The files that policies are written in, wherever they come from. */
export function openWritten(needs: OpenWrittenNeeds): WrittenPolicies {
  const { policies, source, compiler } = needs
  const { git, compileWith } = policies
  return {
    ...(git !== undefined ? inRepository(git, needs) : inFolder(source, needs)),
    compile: (files, signal) =>
      compileWith === undefined
        ? compiler.compile({ files, options: {} }, signal)
        : compileWith(compiler, files, signal),
    plan: compiler.plan,
  }
}

type Place = Omit<WrittenPolicies, 'compile' | 'plan'>

function inFolder(source: string | undefined, { dataFolder, now }: OpenWrittenNeeds): Place {
  if (source === undefined) {
    return { now: async () => null, at: async () => null, target: async () => null }
  }
  const home = join(dataFolder, 'git', 'local')
  return {
    now: async signal => (await localSource(source, now).fetch(signal)).files,
    at: (commit, signal) => localFilesAt(source, commit, { home, signal }),
    target: async () => ({ kind: 'folder', path: source }),
  }
}

function inRepository(git: GitSource, { secrets, now }: OpenWrittenNeeds): Place {
  const { repository, branch, path } = git
  return {
    now: async signal => (await git.fetch(signal)).files,
    at: async (commit, signal) => {
      const snapshot = await repository.snapshotAt(commit, path, signal).catch(() => null)
      return snapshot === null || snapshot.problems.length > 0 ? null : snapshot.files
    },
    async target(signal): Promise<ChangeSource | null> {
      const { commit } = await git.fetch(signal)
      if (commit === undefined) return null
      const inForce = git.inForce()
      const place = inForce?.spec.forge
      const forge = place && forgeOf(place, { namespace: inForce.namespace, secrets, now })
      return { kind: 'repository', repository, branch, commit, ...(forge && { forge }) }
    },
  }
}
