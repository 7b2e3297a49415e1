import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import type { GrantTerms } from '../approvals.ts'

const mostUses = 1000
const longestMs = 30 * 24 * 3600 * 1000

/** Whether the terms can stand for the call that the question is about. */
export function usable(terms: GrantTerms, question: ApprovalQuestion, now: number): boolean {
  const { uses, expires, args, money } = terms
  const { argDigests, kind, schemaDigest } = question
  if (argDigests === undefined || (kind === 'tool' && schemaDigest === undefined)) return false
  const ends = Date.parse(expires)
  return (
    Number.isInteger(uses) &&
    uses >= 1 &&
    uses <= mostUses &&
    ends > now &&
    ends <= now + longestMs &&
    sameNames(args, argDigests) &&
    Object.values(args).every(how => how === 'equal' || how === 'any') &&
    (money === undefined || affords(money, question))
  )
}

function affords(money: NonNullable<GrantTerms['money']>, question: ApprovalQuestion): boolean {
  const cost = microUsdOf(question, money.argument)
  return /^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(money.maxUsd) && cost !== null && cost <= most(money)
}

/** The limit in micro-USD. */
function most({ maxUsd }: NonNullable<GrantTerms['money']>): number {
  const [whole = '0', part = ''] = maxUsd.split('.')
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, '0'))
}

/** The value of a numeric argument in micro-USD, rounded up; null for what is no amount. */
export function microUsdOf({ numbers }: ApprovalQuestion, argument: string): number | null {
  const value = numbers && Object.hasOwn(numbers, argument) ? numbers[argument] : undefined
  if (value === undefined || !(value >= 0)) return null
  const micro = Math.ceil(value * 1_000_000)
  return Number.isSafeInteger(micro) ? micro : null
}

/** What a grant holds: the digest that an argument must have, or null where any value will do. */
export type GrantTemplate = Readonly<Record<string, string | null>>

/** Bounds within the bounds of everybody; null when nobody gave any, or the amounts of different arguments would be bounded. */
export function narrowest(
  all: readonly GrantTerms[],
  { argDigests = {} }: ApprovalQuestion,
): NarrowTerms | null {
  const limits = all.flatMap(({ money }) => money ?? [])
  const [limit] = limits
  if (all.length === 0 || limits.some(({ argument }) => argument !== limit?.argument)) return null
  const free = (name: string) => all.every(({ args }) => args[name] === 'any')
  return {
    uses: Math.min(...all.map(({ uses }) => uses)),
    expiresAt: new Date(Math.min(...all.map(({ expires }) => Date.parse(expires)))),
    template: Object.fromEntries(
      Object.entries(argDigests).map(([name, digest]) => [name, free(name) ? null : digest]),
    ),
    money: limit ? { argument: limit.argument, most: Math.min(...limits.map(most)) } : null,
  }
}

interface NarrowTerms {
  readonly uses: number
  readonly expiresAt: Date
  readonly template: GrantTemplate
  /** In micro-USD. */
  readonly money: { readonly argument: string; readonly most: number } | null
}

/** Whether the arguments are those of the template: the same names, and the same values where it says so. */
export function fits(template: GrantTemplate, { argDigests }: ApprovalQuestion): boolean {
  if (argDigests === undefined || !sameNames(template, argDigests)) return false
  return Object.entries(template).every(
    ([name, digest]) => digest === null || digest === argDigests[name],
  )
}

function sameNames(a: object, b: object): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => Object.hasOwn(b, name))
}
