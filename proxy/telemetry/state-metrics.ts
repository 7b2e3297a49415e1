import { Gauge, type Registry } from 'prom-client'
import type { ProxyReport } from '../../schemas/proxy-report.ts'

export interface StateMetricsNeeds {
  readonly report: () => ProxyReport
  /** Calls the listener after every swap of a table; returns how to stop. */
  readonly subscribe: (listener: (namespace: string) => void) => () => void
  /** Parts of budgets that are lent to this proxy. */
  readonly leases: () => number
  readonly now: () => number
}

/** What is told of a proxy besides its calls: a name, what it means, and where the report has it. */
const numbers: readonly (readonly [
  name: string,
  help: string,
  value: (report: ProxyReport) => number,
])[] = [
  ['writ_journal_entries', 'Number of the newest entry of the journal.', r => r.journal.seq],
  [
    'writ_journal_waiting',
    'Entries of the journal that the controller does not have yet.',
    ({ journal }) => journal.seq - journal.shipped,
  ],
  ['writ_tables', 'Namespaces with a table in force.', r => Object.keys(r.enforced).length],
  [
    'writ_tables_rejected',
    'Namespaces whose newest table was not accepted; the last good one stands.',
    ({ rejected = [] }) => rejected.length,
  ],
  ['writ_halts_enforced', 'Halts by which calls are refused.', ({ halts = [] }) => halts.length],
]

const states = ['connecting', 'connected', 'failed'] as const

/** Adds gauges to the registry that are looked up whenever somebody reads them. */
export function stateMetrics(registry: Registry, needs: StateMetricsNeeds): void {
  const { report, leases } = needs
  const registers = [registry]
  for (const [name, help, value] of numbers) {
    gauge({ name, help, registers, labelNames: [] }, set => set({}, value(report())))
  }
  gauge(
    {
      name: 'writ_budget_leases',
      help: 'Parts of budgets that are lent to this proxy.',
      registers,
      labelNames: [],
    },
    set => set({}, leases()),
  )
  gauge(
    {
      name: 'writ_tool_servers',
      help: 'Tool servers, by state.',
      registers,
      labelNames: ['state'],
    },
    set => {
      const { upstreams } = report()
      for (const state of states)
        set({ state }, upstreams.filter(one => one.state === state).length)
    },
  )
  gauge(
    { name: 'writ_proxy_info', help: 'Always 1.', registers, labelNames: ['version', 'proxy'] },
    set => {
      const { version, proxy } = report()
      set({ version, proxy }, 1)
    },
  )
  sinceWhen(registry, needs)
}

/** Tables that were there when the proxy started are in force since then. */
function sinceWhen(registry: Registry, { report, subscribe, now }: StateMetricsNeeds): void {
  const started = now()
  const swapped = new Map<string, number>()
  subscribe(namespace => swapped.set(namespace, now()))
  gauge(
    {
      name: 'writ_table_in_force_seconds',
      help: 'When the table of the namespace was put in force here, seconds since 1970.',
      registers: [registry],
      labelNames: ['namespace'],
    },
    set => {
      for (const namespace of Object.keys(report().enforced)) {
        set({ namespace }, (swapped.get(namespace) ?? started) / 1000)
      }
    },
  )
}

interface Described {
  readonly name: string
  readonly help: string
  readonly registers: Registry[]
  readonly labelNames: string[]
}

type Set = (labels: Record<string, string>, value: number) => void

function gauge(described: Described, collect: (set: Set) => void): void {
  new Gauge({
    ...described,
    collect() {
      this.reset()
      collect((labels, value) => this.set(labels, value))
    },
  })
}
