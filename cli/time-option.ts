import { InvalidArgumentError } from 'commander'

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** An instant in ISO 8601 of what a person wrote: a date, a time, or how long ago. Fails as commander wants it. */
export function instantArgument(text: string): string {
  const [, number, unit] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? []
  const at =
    number === undefined ? Date.parse(text) : Date.now() - Number(number) * units[unit as 'm']
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new InvalidArgumentError('Give a time such as 2026-11-21T09:00:00Z, or 90m, 12h, 7d.')
}

/** A number from 1 to 1000 as it was written. Fails as commander wants it. */
export function countArgument(text: string): string {
  if (/^(1000|[1-9][0-9]{0,2})$/.test(text)) return text
  throw new InvalidArgumentError('Give a number from 1 to 1000.')
}
