import { compile } from '../policy/compile/compile.ts'
import { decide } from '../policy/decide/decide.ts'
import { type Facts, factsOf } from '../policy/decide/facts.ts'
import { load } from '../policy/decide/load.ts'
import { policiesOf, toolName } from './policies.ts'

/** Nanoseconds per decision over a table of that many rules, by Writ and by closures written by hand. */
export interface DecisionCost {
  readonly rules: number
  /** How many agents take turns. */
  readonly agents: number
  readonly writ: number
  readonly hand: number
}

type Verdict = 'allow' | 'deny'
type HandRule = (args: Facts['args']) => Verdict | null

/** What a careful author would write for one tool, with the same checks of presence and type. */
function byHand(i: number): readonly HandRule[] {
  const limit = 1000 + i
  const read = (args: Facts['args'], name: string) =>
    Object.hasOwn(args, name) ? args[name] : undefined
  return [
    args => {
      const amount = read(args, 'amount')
      if (typeof amount !== 'number') return 'deny'
      if (!(amount > limit)) return null
      const command = read(args, 'command')
      if (typeof command !== 'string') return 'deny'
      return command.includes('deploy') ? 'deny' : null
    },
    args => {
      const currency = read(args, 'currency')
      if (typeof currency !== 'string') return 'deny'
      if (currency !== 'USD' && currency !== 'EUR') return null
      const amount = read(args, 'amount')
      if (typeof amount !== 'number') return 'deny'
      return amount <= limit ? 'allow' : null
    },
  ]
}

function handDecide(table: ReadonlyMap<string, readonly HandRule[]>, facts: Facts): Verdict {
  for (const rule of table.get(facts.tool.name) ?? []) {
    const verdict = rule(facts.args)
    if (verdict !== null) return verdict
  }
  return 'deny'
}

/** Calls that differ in agent, tool, amount and text; as many decide by the first rule as by the second. */
function callsFor(rules: number, agents: number): readonly Facts[] {
  return Array.from({ length: 256 }, (_, i) =>
    factsOf({
      server: 'bench',
      tool: toolName((i * 7919) % (rules / 2)),
      args: JSON.parse(
        JSON.stringify({
          amount: i % 2 === 0 ? 20_000 : i,
          command: i % 2 === 0 ? 'deploy now' : 'status',
          currency: i % 3 === 0 ? 'USD' : 'EUR',
          note: `call ${i}`,
        }),
      ),
      subject: { agent: `agent-${i % agents}`, apiKey: 'key' },
    }),
  )
}

/** Measures both, checked against each other first; medians of interleaved samples. */
export function decisions({ rules, agents }: Pick<DecisionCost, 'rules' | 'agents'>): DecisionCost {
  const { tables, problems } = compile([{ path: 'bench.yaml', text: policiesOf(rules) }])
  const compiled = tables?.get('default')
  if (compiled === undefined) throw new Error(JSON.stringify(problems.slice(0, 3)))
  const table = load(compiled.json)
  const hand = new Map(
    Array.from({ length: rules / 2 }, (_, i) => [toolName(i), byHand(i)] as const),
  )
  const calls = callsFor(rules, agents)
  for (const call of calls) {
    const ours = decide(table, call).action
    if (ours !== handDecide(hand, call)) throw new Error(`${call.tool.name}: ${ours}`)
  }
  const times = { writ: [] as number[], hand: [] as number[] }
  for (let sample = 0; sample < 60; sample++) {
    times.hand.push(perCall(calls, call => handDecide(hand, call)))
    times.writ.push(perCall(calls, call => decide(table, call)))
  }
  return { rules, agents, writ: median(times.writ), hand: median(times.hand) }
}

let sink: unknown

function perCall(calls: readonly Facts[], judge: (call: Facts) => unknown): number {
  const rounds = 200
  const began = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) {
    for (const call of calls) sink = judge(call)
  }
  return Number(process.hrtime.bigint() - began) / (rounds * calls.length)
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The last result, so that the engine cannot drop the work that made it. */
export function lastResult(): unknown {
  return sink
}
