import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ControllerOptions } from '../../controller/controller.ts'
import { isBranchName } from '../../controller/git/branch-name.ts'
import { GitFailure } from '../../controller/git/failure.ts'
import { remoteUrl } from '../../controller/git/remote-url.ts'
import { CliFailure } from '../failure.ts'

/** What the command line said of checkpoints. */
export interface CheckpointSettings {
  readonly checkpointKey?: string
  readonly previousCheckpointKey?: string
  readonly checkpointInterval?: number
  readonly publishCheckpoints?: string
  readonly publishBranch: string
  readonly publishSecret?: { readonly name: string; readonly key: string }
  readonly publishKnownHosts?: string
}

/** Adds the options about checkpoints of records. */
export function withCheckpointOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--checkpoint-key <file>',
        'Ed25519 key in PKCS #8 PEM that signs checkpoints of records, instead of the one in the data folder',
      ).env('WRIT_CHECKPOINT_KEY_FILE'),
    )
    .addOption(
      new Option(
        '--previous-checkpoint-key <file>',
        'the key before it, which vouches for it once; `lost` when nobody has it any more',
      ).env('WRIT_PREVIOUS_CHECKPOINT_KEY_FILE'),
    )
    .addOption(
      new Option(
        '--checkpoint-interval <time>',
        'how old the newest checkpoint gets while there are new records: 1s to 1h',
      ).argParser(interval),
    )
    .addOption(
      new Option(
        '--publish-checkpoints <url>',
        'git repository that checkpoints are published in',
      ).env('WRIT_PUBLISH_CHECKPOINTS'),
    )
    .addOption(
      new Option('--publish-branch <name>', 'branch of it').argParser(branch).default('main'),
    )
    .addOption(
      new Option(
        '--publish-secret <name>',
        'secret with its credentials, as NAME or NAME/KEY in namespace default',
      ).argParser(secret),
    )
    .option('--publish-known-hosts <file>', 'keys of its SSH server')
}

/** How checkpoints are made and published. Fails with `usage` or `unreadable`. */
export async function checkpointsOf(
  settings: CheckpointSettings,
): Promise<NonNullable<ControllerOptions['checkpoints']>> {
  const { checkpointKey, previousCheckpointKey: before, checkpointInterval } = settings
  const key = checkpointKey === undefined ? undefined : await text(checkpointKey)
  const previousKey = before === undefined || before === 'lost' ? before : await text(before)
  const publish = await publishOf(settings)
  return {
    ...(key !== undefined && { key }),
    ...(previousKey !== undefined && { previousKey }),
    ...(checkpointInterval !== undefined && { everyMs: checkpointInterval }),
    ...(publish !== null && { publish }),
  }
}

async function publishOf(settings: CheckpointSettings) {
  const { publishCheckpoints, publishBranch, publishSecret, publishKnownHosts } = settings
  if (publishCheckpoints === undefined) return null
  return {
    ...{ url: urlOf(publishCheckpoints), branch: publishBranch },
    ...(publishSecret && { secret: { namespace: 'default', ...publishSecret } }),
    ...(publishKnownHosts !== undefined && { knownHosts: lines(await text(publishKnownHosts)) }),
  }
}

function urlOf(asked: string) {
  try {
    return remoteUrl(asked)
  } catch (cause) {
    if (cause instanceof GitFailure) throw new CliFailure('usage', cause.message, '', { cause })
    throw cause
  }
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(cause => {
    const why = String(Object(cause).code)
    throw new CliFailure('unreadable', `cannot read ${file}: ${why}`, '', { cause })
  })
}

function lines(file: string): readonly string[] {
  return file
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}

const units = { s: 1000, m: 60_000, h: 3_600_000 }

function interval(time: string): number {
  const [, number = '', unit = 's'] = /^([1-9][0-9]{0,3})([smh])$/.exec(time) ?? []
  const ms = Number(number) * units[unit as 's']
  if (ms >= 1000 && ms <= units.h) return ms
  throw new InvalidArgumentError('It is a time from 1s to 1h.')
}

function branch(name: string): string {
  if (isBranchName(name)) return name
  throw new InvalidArgumentError('This is no name of a branch.')
}

function secret(name: string): { name: string; key: string } {
  const [, own = '', key = 'token'] = /^([a-z0-9][a-z0-9.-]*)(?:\/([\w.-]+))?$/.exec(name) ?? []
  if (own !== '') return { name: own, key }
  throw new InvalidArgumentError('It is written like NAME or NAME/KEY.')
}
