import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ControllerOptions } from '../../controller/controller.ts'
import { isBranchName } from '../../controller/git/branch-name.ts'
import { GitFailure } from '../../controller/git/failure.ts'
import { isRemote, remoteUrl } from '../../controller/git/remote-url.ts'
import { readSigners } from '../../controller/git/signers.ts'
import { CliFailure } from '../failure.ts'

/** A repository as the controller takes it. */
export type RepositorySource = NonNullable<ControllerOptions['repository']>

/** What the command line said of a repository. */
export interface RepositorySettings {
  readonly branch?: string
  readonly path?: string
  readonly interval?: number
  readonly sourceSecret?: { readonly name: string; readonly key: string }
  readonly knownHosts?: string
  readonly requireSigned?: boolean
  readonly allowedSigners?: string
}

/** Adds the options about a repository that policies come from. */
export function withRepositoryOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--branch <name>', 'branch of the repository; main when omitted').argParser(
        branch,
      ),
    )
    .addOption(
      new Option('--path <folder>', 'folder in the repository; all of it when omitted').argParser(
        folder,
      ),
    )
    .addOption(
      new Option(
        '--interval <time>',
        'how often the repository is looked at: 10s to 24h',
      ).argParser(interval),
    )
    .addOption(
      new Option(
        '--source-secret <name>',
        'secret with the credentials of the repository, as NAME or NAME/KEY in namespace default',
      ).argParser(secret),
    )
    .option('--known-hosts <file>', 'keys of the SSH server of the repository')
    .option(
      '--require-signed',
      'take only commits that --allowed-signers or people in force signed',
    )
    .option('--allowed-signers <file>', 'SSH and OpenPGP keys that may sign commits')
}

/**
 * The repository that is asked for, or null when a folder or nothing is. Fails with `usage` or `unreadable`.
 */
export async function repositoryOf(
  asked: string | undefined,
  settings: RepositorySettings,
): Promise<RepositorySource | null> {
  if (asked === undefined || !isRemote(asked)) {
    const stray = Object.entries(names).find(([key]) => Object.hasOwn(settings, key))
    if (stray === undefined) return null
    throw new CliFailure('usage', `${stray[1]} is about a repository`, 'name its URL as the source')
  }
  const { branch = 'main', path = '', interval, sourceSecret, knownHosts } = settings
  const signers = await signersOf(settings)
  return {
    ...{ url: urlOf(asked), branch, path },
    ...(interval !== undefined && { intervalMs: interval }),
    ...(sourceSecret && { secret: { namespace: 'default', ...sourceSecret } }),
    ...(knownHosts !== undefined && { knownHosts: linesOf(await text(knownHosts)) }),
    ...(signers && { signers }),
  }
}

const names: Readonly<Record<keyof RepositorySettings, string>> = {
  branch: '--branch',
  path: '--path',
  interval: '--interval',
  sourceSecret: '--source-secret',
  knownHosts: '--known-hosts',
  requireSigned: '--require-signed',
  allowedSigners: '--allowed-signers',
}

function urlOf(asked: string): RepositorySource['url'] {
  try {
    return remoteUrl(asked)
  } catch (cause) {
    if (cause instanceof GitFailure) throw new CliFailure('usage', cause.message, '', { cause })
    throw cause
  }
}

/** Whoever may sign at first must be said here: nobody is in force yet. */
async function signersOf({ requireSigned = false, allowedSigners }: RepositorySettings) {
  if (requireSigned !== (allowedSigners !== undefined)) {
    throw new CliFailure('usage', '--require-signed and --allowed-signers belong together')
  }
  if (allowedSigners === undefined) return undefined
  try {
    return readSigners(await text(allowedSigners))
  } catch (cause) {
    if (cause instanceof GitFailure) throw new CliFailure('usage', cause.message, '', { cause })
    throw cause
  }
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(cause => {
    throw new CliFailure('unreadable', `${file} cannot be read`, '', { cause })
  })
}

function linesOf(file: string): readonly string[] {
  return file
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}

function branch(name: string): string {
  if (isBranchName(name)) return name
  throw new InvalidArgumentError('This is no name of a branch.')
}

function folder(path: string): string {
  const trimmed = path.replace(/^(\.\/)+|\/+$/g, '')
  const parts = trimmed.split('/')
  if (!/[\\\p{Cc}]/u.test(trimmed) && parts.every(part => !['', '.', '..'].includes(part))) {
    return trimmed
  }
  throw new InvalidArgumentError(
    'It is written like policies/production, from the root of the repository.',
  )
}

const units = { s: 1000, m: 60_000, h: 3_600_000 }

function interval(time: string): number {
  const [, number = '', unit = 's'] = /^([1-9][0-9]{0,5})([smh])$/.exec(time) ?? []
  const ms = Number(number) * units[unit as 's']
  if (ms >= 10_000 && ms <= 24 * units.h) return ms
  throw new InvalidArgumentError('It is a time from 10s to 24h.')
}

function secret(name: string): { name: string; key: string } {
  const [, own = '', key = 'token'] = /^([a-z0-9][a-z0-9.-]*)(?:\/([\w.-]+))?$/.exec(name) ?? []
  if (own !== '') return { name: own, key }
  throw new InvalidArgumentError('It is written like NAME or NAME/KEY.')
}
