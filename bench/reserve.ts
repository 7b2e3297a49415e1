import { compile } from '../policy/compile/compile.ts'
import { decide } from '../policy/decide/decide.ts'
import { factsOf } from '../policy/decide/facts.ts'
import { load } from '../policy/decide/load.ts'
import { purse, quote, spender, used } from '../tests/proxy/budgets/purse.ts'
import { SmallLedger } from '../tests/proxy/budgets/small-ledger.ts'

/** Microseconds of one call with so many budgets that concern it. */
export interface ReserveCost {
  readonly budgets: number
  /** Rules alone. */
  readonly decide: number
  /** Rules, and setting aside in every budget. */
  readonly reserve: number
  /** The 99th percentile of the same. */
  readonly reserveP99: number
  /** Settling. */
  readonly settle: number
}

const policy = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models: [{ name: "claude*", rules: [{ name: short, when: "request.maxTokens > 64000", action: deny }, { action: allow }] }]
`

const scopes = [
  'per: namespace',
  'per: agent',
  'per: model, scope: { models: ["claude*"] }',
  'per: apiKey, scope: { agents: ["co*"] }',
]

function budget(i: number): string {
  const limit = ['{ usd: "1000.00" }', '{ tokens: 1000000000 }', '{ calls: 1000000000 }'][i % 3]
  return `
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: budget-${i} }
spec: { ${scopes[i % scopes.length]}, limit: ${limit}, window: day, timeZone: Europe/Berlin }
`
}

const times = 20_000

/** Measures with leases that suffice; medians, and the 99th percentile. */
export async function reserving(budgets: number): Promise<ReserveCost> {
  const text = [policy, ...Array.from({ length: budgets }, (_, i) => budget(i))].join('---')
  const { tables, problems } = compile([{ path: 'bench.yaml', text }])
  const compiled = tables?.get('default')
  if (compiled === undefined) throw new Error(JSON.stringify(problems))
  const table = load(compiled.json)
  const ledger = new SmallLedger(2 ** 50)
  ledger.lends = () => 2 ** 40
  const made = purse(ledger, table)
  const facts = factsOf({
    kind: 'model',
    model: 'claude-sonnet',
    subject: { agent: 'coder', apiKey: 'laptop' },
  })
  await made.reservation(spender, quote(1000, 4000))
  const took = { decide: [] as number[], reserve: [] as number[], settle: [] as number[] }
  for (let i = 0; i < times * 2; i++) {
    const began = performance.now()
    const { action } = decide(table, facts)
    const decided = performance.now()
    const reserved = made.budgets.reserve(spender, quote(1000 + (i % 100), 4000))
    const held = performance.now()
    if (reserved instanceof Promise || !reserved.ok || action !== 'allow') throw new Error(action)
    reserved.reservation.settle(used(900, 700))
    const settled = performance.now()
    if (i < times) continue
    took.decide.push(decided - began)
    took.reserve.push(held - began)
    took.settle.push(settled - held)
  }
  return {
    budgets,
    decide: percentile(took.decide, 0.5),
    reserve: percentile(took.reserve, 0.5),
    reserveP99: percentile(took.reserve, 0.99),
    settle: percentile(took.settle, 0.5),
  }
}

/** In microseconds. */
function percentile(took: number[], share: number): number {
  took.sort((a, b) => a - b)
  return 1000 * (took[Math.floor(took.length * share)] ?? Number.NaN)
}
