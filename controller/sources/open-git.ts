import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { WokenSource } from '../git/webhook-route.ts'
import type { OpenGithub } from '../github/open-github.ts'
import { keepCommit } from '../publish/kept-commits.ts'
import type { Database } from '../store/database.ts'
import { type GitSource, type GitSourceOptions, openGitSource } from './git-source.ts'
import type { SourceInForce } from './source-in-force.ts'

export interface OpenGitNeeds {
  readonly db: Kysely<Database>
  /** Folder of the controller. */
  readonly dataFolder: string
  readonly releases: { readonly directories: { all(): readonly Directory[] } }
  readonly secrets?: Secrets
}

/** Opens the repository that policies come from; its copy is kept in the folder of the controller. */
export async function openGit(options: GitSourceOptions, needs: OpenGitNeeds): Promise<GitSource> {
  const { db, dataFolder, releases, secrets = async () => null } = needs
  const name = createHash('sha256').update(`${options.url.place}\n${options.branch}`).digest('hex')
  return openGitSource(options, {
    folder: join(dataFolder, 'git', name.slice(0, 16)),
    directories: releases.directories,
    secrets,
    onCommit: commit => keepCommit(db, commit),
  })
}

/** The source as webhooks wake it; none while no PolicySource in force is about it. */
export function wokenSources(git: GitSource, secrets: Secrets): readonly WokenSource[] {
  const source = git.inForce()
  if (source === null) return []
  return [{ ...knownToWebhooks(source, secrets), look: () => git.look() }]
}

/** All sources in force as webhooks wake them, whichever controller on the store looks into their repositories. */
export function wokenByAll(
  directories: readonly Directory[],
  { secrets, tellAll }: { readonly secrets: Secrets } & Pick<OpenGithub, 'tellAll'>,
): readonly WokenSource[] {
  return directories.flatMap(({ namespace, sources = [] }) =>
    sources.map(({ name, spec }) => ({
      ...knownToWebhooks({ namespace, name, spec }, secrets),
      look: () => tellAll({ kind: 'source', repository: `${namespace}/${name}` }),
    })),
  )
}

function knownToWebhooks({ namespace, name, spec }: SourceInForce, secrets: Secrets) {
  const { webhookSecretRef: ref } = spec
  return {
    names: [`${namespace}/${name}`, ...(namespace === 'default' ? [name] : [])],
    secret: async () => (ref === undefined ? null : secrets(namespace, ref)),
  }
}
