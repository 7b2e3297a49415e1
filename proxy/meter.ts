import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { Tally } from './tally.ts'

/** What the proxy counts. */
export interface Meter {
  readonly registry: Registry
  request(method: string): void
  decision(kind: string, action: string, reason: string): void
  upstream(server: string, status: string, seconds: number): void
  /** What Writ itself took of a call that was sent without asking people. */
  added(kind: string, seconds: number): void
  /** Milliseconds by a clock that is never set and that sees less than one of them. */
  clock(): number
  /** A call that a budget did not pay for, whoever was asked. */
  unpaid(budget: string, reason: string): void
  unauthorized(): void
  unrecorded(): void
}

/** A meter with counters of its own in the registry; `sessions` tells how many are open. */
export function meter(sessions: () => number, registry = new Registry()): Meter {
  const registers = [registry]
  const upstream = new Histogram({
    name: 'writ_upstream_seconds',
    help: 'Time that forwarded calls took, by server and outcome.',
    labelNames: ['server', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
    registers,
  })
  const added = new Histogram({
    name: 'writ_added_seconds',
    help: 'Time that Writ itself took of calls that were sent without asking people, by kind; of a model, until it was asked.',
    labelNames: ['kind'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
    registers,
  })
  const unauthorized = new Counter({
    name: 'writ_unauthorized_total',
    help: 'Requests without a valid key.',
    registers,
  })
  const unrecorded = new Counter({
    name: 'writ_unrecorded_total',
    help: 'Calls refused, or answers withheld, because the journal could not keep them.',
    registers,
  })
  new Gauge({
    name: 'writ_mcp_sessions',
    help: 'Open sessions.',
    registers,
    collect() {
      this.set(sessions())
    },
  })
  return {
    registry,
    ...talliesOf(registry),
    upstream: (server, status, seconds) => upstream.observe({ server, status }, seconds),
    added: (kind, seconds) => added.observe({ kind }, seconds),
    clock: () => performance.now(),
    unauthorized: () => unauthorized.inc(),
    unrecorded: () => unrecorded.inc(),
  }
}

function talliesOf(registry: Registry): Pick<Meter, 'request' | 'decision' | 'unpaid'> {
  const requests = tallied(registry, {
    name: 'writ_mcp_requests_total',
    help: 'MCP messages from clients, by method.',
    labelNames: ['method'],
  })
  const decisions = tallied(registry, {
    name: 'writ_decisions_total',
    help: 'Decisions, by kind of call, action and reason.',
    labelNames: ['kind', 'action', 'reason'],
  })
  const unpaid = tallied(registry, {
    name: 'writ_unpaid_calls_total',
    help: 'Calls refused because a budget did not pay for them, by budget (namespace/name) and reason.',
    labelNames: ['budget', 'reason'],
  })
  return {
    request: method => requests.add(method),
    decision: (kind, action, reason) => decisions.add(kind, action, reason),
    unpaid: (budget, reason) => unpaid.add(budget, reason),
  }
}

interface Counted {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

/** A counter of which the registry is told when somebody reads it. */
function tallied(registry: Registry, { name, help, labelNames }: Counted): Tally {
  const tally = new Tally()
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      tally.each((words, count) => {
        const labels = labelNames.map((label, i) => [label, words[i] ?? ''] as const)
        this.inc(Object.fromEntries(labels), count)
      })
    },
  })
  return tally
}
