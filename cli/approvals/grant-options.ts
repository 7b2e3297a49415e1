import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { CliFailure } from '../failure.ts'

/** What `writ approvals approve` was told about calls to come. */
export interface GrantOptions {
  readonly grantUses?: number
  /** Milliseconds. */
  readonly grantFor?: number
  readonly grantAny?: readonly string[]
  readonly grantMax?: { readonly argument: string; readonly maxUsd: string }
}

/** Adds the options by which an approval stands for calls like it. */
export function withGrantOptions(command: Command): Command {
  const option = <T>(flags: string, what: string, parse: (text: string) => T) =>
    new Option(flags, what).argParser(parse)
  return command
    .addOption(option('--grant-uses <count>', 'approve so many calls like it, with this one', uses))
    .addOption(option('--grant-for <time>', 'for so long: 10m, 1h, 7d', duration))
    .option('--grant-any <argument...>', 'arguments that may have another value')
    .addOption(
      option('--grant-max <argument=usd>', 'the most that an argument may add up to', limit),
    )
}

/** The grant that the options ask for, or null for a single approval. Fails with `usage` for half of one. */
export function grantTerms(options: GrantOptions, { args }: ApprovalRequest, now: number) {
  const { grantUses, grantFor, grantAny = [], grantMax } = options
  const asked = [grantUses, grantFor, options.grantAny, grantMax].some(given => given !== undefined)
  if (!asked) return null
  if (grantUses === undefined || grantFor === undefined) {
    throw new CliFailure('usage', 'a grant needs --grant-uses and --grant-for')
  }
  const names = Object.keys(Object(args))
  const unknown = grantAny.find(name => !names.includes(name))
  if (unknown !== undefined) {
    throw new CliFailure(
      'usage',
      `the call has no argument ${unknown}`,
      `it has ${names.join(', ')}`,
    )
  }
  const template = names.map(name => [name, grantAny.includes(name) ? 'any' : 'equal'])
  return {
    uses: grantUses,
    expires: new Date(now + grantFor).toISOString(),
    args: Object.fromEntries(template),
    ...(grantMax && { money: grantMax }),
  }
}

function uses(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= 1000) return Number(text)
  throw new InvalidArgumentError('Give a number from 1 to 1000.')
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function duration(text: string): number {
  const [, number, unit] = /^([1-9][0-9]{0,4})([mhd])$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * units[unit as 'm']
  throw new InvalidArgumentError('Give a length of time: 10m, 1h, 7d.')
}

function limit(text: string): NonNullable<GrantOptions['grantMax']> {
  const [, argument, maxUsd] = /^(.+)=([0-9]{1,9}(?:\.[0-9]{1,6})?)$/.exec(text) ?? []
  if (argument !== undefined && maxUsd !== undefined) return { argument, maxUsd }
  throw new InvalidArgumentError('Write it like amount=500.')
}
