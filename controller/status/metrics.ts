import { Gauge, Registry } from 'prom-client'
import type { Status } from './status.ts'

/** Numbers for Prometheus, taken from the status whenever they are asked for. */
export function metricsOf(status: () => Promise<Status>): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, value: (status: Status) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(value(await status()))
      },
    })
  gauge('writ_source_in_force', '1 when what is written is in force.', ({ source }) =>
    source.state === 'in_force' ? 1 : 0,
  )
  gauge('writ_problem_errors', 'Errors in the source.', ({ problems }) => problems.errors)
  gauge('writ_problem_warnings', 'Warnings in the source.', ({ problems }) => problems.warnings)
  gauge(
    'writ_proxies_connected',
    'Proxies heard of in the last 20 s.',
    ({ proxies }) => proxies.filter(({ connected }) => connected).length,
  )
  gauge(
    'writ_proxies_current',
    'Connected proxies that enforce the last good tables.',
    status => status.proxies.filter(({ connected, current }) => connected && current).length,
  )
  gauge('writ_records', 'Entries in the ledger.', ({ ledger }) => ledger.records)
  gauge(
    'writ_records_missing',
    'Entries numbered by a proxy that never came.',
    ({ ledger }) => ledger.missing,
  )
  gauge('writ_records_waiting', 'Entries that wait at proxies.', ({ proxies }) =>
    proxies.reduce((total, { journal }) => total + journal.lag, 0),
  )
  return registry
}
