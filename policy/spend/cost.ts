import type { TablePrice } from '../../schemas/rule-table.ts'
import type { Usage } from '../../schemas/usage.ts'

/** Prices are in micro-USD per this many tokens. */
const perTokens = 1_000_000

/** More tokens of one kind than this are counted as so many. */
export const mostTokens = 2 ** 31

/**
 * The largest amount. All arithmetic with amounts is exact in doubles: eight of them add up to less than 2^53, and
 * tokens are multiplied with the whole and the broken micro-USD of a token apart.
 */
export const mostAmount = 2 ** 50

/** Micro-USD that tokens cost, rounded up to a whole one; what the cache served or kept is a part of the input. */
export function costOf(price: TablePrice, usage: Usage): number {
  const { input, output, cacheRead = input, cacheWrite = input, request = 0 } = price
  const read = tokens(usage.cacheReadTokens)
  const written = tokens(usage.cacheWriteTokens)
  const plain = Math.max(0, tokens(usage.inputTokens) - read - written)
  return total(request, [
    [plain, input],
    [read, cacheRead],
    [written, cacheWrite],
    [tokens(usage.outputTokens), output],
  ])
}

/** The most micro-USD that so many tokens can cost, whatever part of the input a cache serves or keeps. */
export function costBound(price: TablePrice, inputTokens: number, outputTokens: number): number {
  return total(price.request ?? 0, [
    [tokens(inputTokens), dearestInput(price)],
    [tokens(outputTokens), price.output],
  ])
}

/** The most output tokens, up to `wanted`, with which a call costs at most `amount`; negative when not even none. */
export function outputWithin(
  price: TablePrice,
  amount: number,
  inputTokens: number,
  wanted: number,
): number {
  if (costBound(price, inputTokens, wanted) <= amount) return wanted
  const left = BigInt(amount) - BigInt(Math.min(price.request ?? 0, mostAmount))
  const input = BigInt(tokens(inputTokens)) * BigInt(dearestInput(price))
  const forOutput = left * BigInt(perTokens) - input
  if (forOutput < 0n || price.output === 0) return -1
  return Math.min(wanted, Number(forOutput / BigInt(price.output)))
}

/** Whole tokens within the bounds; a count that is none counts as zero. */
export function tokens(count: number | undefined): number {
  if (count === undefined || !(count > 0)) return 0
  return Math.min(Math.ceil(count), mostTokens)
}

function dearestInput({ input, cacheRead = input, cacheWrite = input }: TablePrice): number {
  return Math.max(input, cacheRead, cacheWrite)
}

/** Sums counts times prices; the parts below a micro-USD of a token are summed before they are rounded up. */
function total(request: number, parts: readonly (readonly [number, number])[]): number {
  let whole = Math.min(request, mostAmount)
  let broken = 0
  for (const [count, price] of parts) {
    const rest = price % perTokens
    whole = Math.min(mostAmount, whole + timesWhole(count, (price - rest) / perTokens))
    broken += count * rest
  }
  const over = broken % perTokens
  return Math.min(mostAmount, whole + (broken - over) / perTokens + (over > 0 ? 1 : 0))
}

/** A product that is either exact or too large anyway. */
function timesWhole(count: number, each: number): number {
  return Math.min(mostAmount, count * each)
}
