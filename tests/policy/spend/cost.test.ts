import fc from 'fast-check'
import t from 'tap'
import {
  costBound,
  costOf,
  mostAmount,
  mostTokens,
  outputWithin,
} from '../../../policy/spend/cost.ts'
import { microUsd } from '../../../policy/spend/money.ts'

const count = fc.oneof(fc.nat(300_000), fc.nat(mostTokens))
const perMillion = fc.oneof(fc.nat(100_000_000), fc.nat(2_000_000_000_000))
const price = fc.record(
  {
    input: perMillion,
    output: perMillion,
    cacheRead: perMillion,
    cacheWrite: perMillion,
    request: fc.nat(1_000_000_000),
  },
  { requiredKeys: ['input', 'output'] },
)

/** The cost in integers that cannot overflow. */
function exact(parts: readonly (readonly [number, number])[], request: number): number {
  const sum = parts.reduce((all, [n, each]) => all + BigInt(n) * BigInt(each), 0n)
  const cost = (sum + 999_999n) / 1_000_000n + BigInt(request)
  return cost > BigInt(mostAmount) ? mostAmount : Number(cost)
}

t.test('a cost is the exact sum rounded up once', async t => {
  fc.assert(
    fc.property(price, count, count, count, count, (price, plain, read, written, output) => {
      const usage = {
        inputTokens: Math.min(plain + read + written, mostTokens),
        cacheReadTokens: read,
        cacheWriteTokens: written,
        outputTokens: output,
      }
      const rest = Math.max(0, usage.inputTokens - read - written)
      const { input, cacheRead = input, cacheWrite = input, request = 0 } = price
      const parts = [
        [rest, input],
        [read, cacheRead],
        [written, cacheWrite],
        [output, price.output],
      ] as const
      return costOf(price, usage) === exact(parts, request)
    }),
  )
  t.equal(costOf({ input: microUsd('0.15'), output: microUsd('0.60') }, { inputTokens: 1 }), 1)
  t.equal(
    costOf({ input: 3_000_000, output: 15_000_000 }, { inputTokens: 1000, outputTokens: 100 }),
    4500,
  )
})

t.test('no call costs more than its bound, however its input is cached', async t => {
  fc.assert(
    fc.property(price, count, count, fc.nat(1000), fc.nat(1000), (price, input, output, a, b) => {
      const read = Math.floor((input * Math.min(a, b)) / 1000)
      const written = Math.floor((input * (Math.max(a, b) - Math.min(a, b))) / 1000)
      const usage = {
        inputTokens: input,
        cacheReadTokens: read,
        cacheWriteTokens: written,
        outputTokens: output,
      }
      return costOf(price, usage) <= costBound(price, input, output)
    }),
  )
  t.pass('for any split')
})

t.test('the output within an amount is the most that it pays for', async t => {
  fc.assert(
    fc.property(price, count, count, fc.nat(2 ** 40), (price, input, wanted, amount) => {
      const output = outputWithin(price, amount, input, wanted)
      if (output < 0) return costBound(price, input, 0) > amount
      const affordable = costBound(price, input, output) <= amount
      return affordable && (output === wanted || costBound(price, input, output + 1) > amount)
    }),
  )
  const free = { input: 1_000_000, output: 0 }
  t.equal(outputWithin(free, 10, 10, 500), 500)
  t.equal(outputWithin(free, 9, 10, 500), -1)
})

t.test(
  'what is no count of tokens costs nothing, and what is beyond counting costs the most',
  async t => {
    const price = { input: 1_000_000, output: 2_000_000_000_000 }
    t.equal(costOf(price, {}), 0)
    t.equal(costOf(price, { inputTokens: Number.NaN, outputTokens: -5 }), 0)
    t.equal(costOf(price, { inputTokens: 0.5 }), 1)
    t.equal(costOf(price, { inputTokens: 1e300 }), mostTokens)
    t.equal(costOf(price, { outputTokens: 1e300 }), mostAmount)
  },
)

t.test('decimal strings of USD become whole micro-USD', async t => {
  t.equal(microUsd('25.00'), 25_000_000)
  t.equal(microUsd('0.000001'), 1)
  t.equal(microUsd('3'), 3_000_000)
})
