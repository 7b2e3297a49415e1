import t from 'tap'
import {
  amountBound,
  amountSpent,
  clippedOutput,
  type Spent,
} from '../../../policy/spend/amount.ts'
import { planBudgets } from '../../../policy/spend/spend-plan.ts'
import type { TableBudget } from '../../../schemas/rule-table.ts'
import { budget } from './budgets.ts'

const price = { input: 2_000_000, output: 10_000_000 }
const fallbackPrice = { input: 5_000_000, output: 5_000_000 }
const estimate = { inputTokens: 100, outputTokens: 50, price }
const unpriced = { ...estimate, price: null }
const usd = budget()
const tokens = budget({ unit: 'tokens' })
const calls = budget({ unit: 'calls' })

t.test('a bound is micro-USD, tokens or one call', async t => {
  t.equal(amountBound(usd, estimate), 700)
  t.equal(amountBound(tokens, estimate), 150)
  t.equal(amountBound(calls, estimate), 1)
})

t.test('without a price only a budget of money needs a fallback', async t => {
  t.equal(amountBound(usd, unpriced), null)
  t.equal(amountBound(budget({ fallbackPrice }), unpriced), 750)
  t.equal(amountBound(budget({ fallbackPrice }), estimate), 700)
  t.equal(amountBound(tokens, unpriced), 150)
})

t.test('the output is clipped to what an amount pays for', async t => {
  t.equal(clippedOutput(usd, estimate, 700), 50)
  t.equal(clippedOutput(usd, estimate, 450), 25)
  t.equal(clippedOutput(usd, estimate, 199), -1)
  t.equal(clippedOutput(usd, unpriced, 700), -1)
  t.equal(clippedOutput(tokens, estimate, 120), 20)
  t.equal(clippedOutput(tokens, estimate, 99), -1)
  t.equal(clippedOutput(tokens, estimate, 1000), 50)
  t.equal(clippedOutput(calls, estimate, 1), 50)
  t.equal(clippedOutput(calls, estimate, 0), -1)
})

t.test('what was spent is counted in the unit of the budget', async t => {
  const [one, two, three, four, five] = planBudgets([
    usd,
    tokens,
    calls,
    budget({ fallbackPrice }),
    budget({ toolPrices: [{ tool: 'pay', microUsd: 30 }] }),
  ])
  const usage = { inputTokens: 10, outputTokens: 20 }
  const model: Spent = { kind: 'model', usage, costMicroUsd: 220, costSource: 'catalogue' }
  const other: Spent = { kind: 'model', usage, costSource: 'unpriced' }
  const tool: Spent = { kind: 'tool', tool: 'pay' }
  const spent = (of: Spent) =>
    [one, two, three, four, five].map(planned => planned && amountSpent(planned, of))
  t.strictSame(spent(model), [220, 30, 1, 220, 220])
  t.strictSame(spent(other), [null, 30, 1, 150, null])
  t.strictSame(
    spent({ ...model, costSource: 'fallback', costMicroUsd: 400 }),
    [400, 30, 1, 150, 400],
  )
  t.strictSame(spent(tool), [null, 0, 1, null, 30])
})

t.test('a price of zero is a price', async t => {
  const free: Partial<TableBudget> = { toolPrices: [{ tool: '*', microUsd: 0 }] }
  const [planned] = planBudgets([budget(free)])
  t.equal(planned && amountSpent(planned, { kind: 'tool', tool: 'look' }), 0)
})
