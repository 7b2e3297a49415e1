import { Gauge, Registry } from 'prom-client'
import type { NamespaceStatus, Status } from './status.ts'

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
  ['writ_halts', 'Halts that stand.', ({ halts }) => halts.length],
  [
    'writ_halt_proxies_missing',
    'Proxies that have not said yet that they refuse by a halt that concerns them.',
    ({ halts }) => halts.reduce((sum, { progress }) => sum + progress.proxies - progress.done, 0),
  ],
  ['writ_namespaces', 'Namespaces with a table.', ({ namespaces }) => namespaces.length],
  ['writ_records', 'Entries in the ledger.', ({ ledger }) => ledger.records],
  [
    'writ_records_missing',
    'Entries numbered by a proxy that never came.',
    ({ ledger }) => ledger.missing,
  ],
  ['writ_records_deleted', 'Entries that are kept no longer.', ({ ledger }) => ledger.deleted ?? 0],
  [
    'writ_records_waiting',
    'Entries that wait at proxies.',
    ({ proxies }) => proxies.reduce((total, { journal }) => total + journal.lag, 0),
  ],
  [
    'writ_checkpoint_number',
    'Number of the newest checkpoint of records.',
    ({ checkpoints }) => checkpoints.newest?.number ?? 0,
  ],
  [
    'writ_checkpoint_seconds',
    'When it was made, seconds since 1970.',
    ({ checkpoints }) => secondsOf(checkpoints.newest?.time),
  ],
  [
    'writ_checkpoint_records_waiting',
    'Entries that no checkpoint speaks for yet.',
    ({ checkpoints }) => checkpoints.waiting,
  ],
  [
    'writ_checkpoints_unpublished',
    'Checkpoints that are not published yet; 0 where they are not published.',
    ({ checkpoints: { newest, copies } }) =>
      copies === null ? 0 : (newest?.number ?? 0) - copies.number,
  ],
  [
    'writ_checkpoints_published_seconds',
    'When checkpoints were last published, seconds since 1970; 0 for never.',
    ({ checkpoints }) => secondsOf(checkpoints.copies?.publishedAt),
  ],
  [
    'writ_checkpoints_publishing_failed',
    '1 when they could not be published the last time.',
    ({ checkpoints }) => Number((checkpoints.copies?.failure ?? null) !== null),
  ],
]

function secondsOf(time: string | null | undefined): number {
  return time == null ? 0 : Date.parse(time) / 1000
}

/** What is told of every namespace. */
const ofNamespaces: readonly (readonly [
  name: string,
  help: string,
  value: (namespace: NamespaceStatus) => number,
])[] = [
  [
    'writ_namespace_proxies',
    'Proxies heard of in the last 20 s that have to enforce the table of the namespace.',
    ({ connected }) => connected,
  ],
  [
    'writ_namespace_proxies_current',
    'Those of them that enforce its last good table.',
    ({ enforcedBy }) => enforcedBy,
  ],
  [
    'writ_namespace_published_seconds',
    'When the last good table of the namespace was published, seconds since 1970.',
    ({ publishedAt }) => Date.parse(publishedAt) / 1000,
  ],
]

/** The status as numbers. */
export function statusMetrics(status: Status): Registry {
  const registry = new Registry()
  const registers = [registry]
  for (const [name, help, value] of numbers) {
    new Gauge({ name, help, registers }).set(value(status))
  }
  for (const [name, help, value] of ofNamespaces) {
    const gauge = new Gauge({ name, help, registers, labelNames: ['namespace'] })
    for (const one of status.namespaces) gauge.set({ namespace: one.namespace }, value(one))
  }
  const leader = new Gauge({
    name: 'writ_controller_leader',
    help: '1 for the controller that publishes, 0 for those that stand by.',
    registers,
    labelNames: ['controller'],
  })
  for (const name of status.controllers?.names ?? []) {
    leader.set({ controller: name }, Number(name === status.controllers?.leader))
  }
  new Gauge({
    name: 'writ_controller_info',
    help: 'Always 1.',
    registers,
    labelNames: ['version'],
  }).set({ version: status.version }, 1)
  return registry
}
