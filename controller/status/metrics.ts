import { Gauge, Registry } from 'prom-client'
import type { Status } from './status.ts'

/** What Prometheus is told: a name, what it means, and where the status has it. */
const numbers: readonly (readonly [
  name: string,
  help: string,
  value: (status: Status) => number,
])[] = [
  [
    'writ_source_in_force',
    '1 when what is written is in force.',
    ({ source }) => Number(source.state === 'in_force'),
  ],
  ['writ_problem_errors', 'Errors in the source.', ({ problems }) => problems.errors],
  ['writ_problem_warnings', 'Warnings in the source.', ({ problems }) => problems.warnings],
  [
    'writ_proxies_connected',
    'Proxies heard of in the last 20 s.',
    ({ proxies }) => proxies.filter(({ connected }) => connected).length,
  ],
  [
    'writ_proxies_current',
    'Connected proxies that enforce the last good tables.',
    ({ proxies }) => proxies.filter(({ connected, current }) => connected && current).length,
  ],
  ['writ_records', 'Entries in the ledger.', ({ ledger }) => ledger.records],
  [
    'writ_records_missing',
    'Entries numbered by a proxy that never came.',
    ({ ledger }) => ledger.missing,
  ],
  [
    'writ_records_waiting',
    'Entries that wait at proxies.',
    ({ proxies }) => proxies.reduce((total, { journal }) => total + journal.lag, 0),
  ],
]

/** The status as Prometheus reads it. */
export async function metricsText(status: Status): Promise<string> {
  const registry = new Registry()
  for (const [name, help, value] of numbers) {
    new Gauge({ name, help, registers: [registry] }).set(value(status))
  }
  return registry.metrics()
}

/** Media type of `metricsText`. */
export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE
