import { Gauge, type Registry } from 'prom-client'
import { statusMetrics } from '../status/metrics.ts'
import type { Status } from '../status/status.ts'
import { type Numbers, type NumbersNeeds, readNumbers } from './read-numbers.ts'

export interface ControllerMetricsNeeds extends NumbersNeeds {
  readonly status: () => Promise<Status>
}

/** What the store is asked for at most so often, ms: several may collect the same numbers. */
const keptMs = 10_000

/** Everything that a controller counts, as it is when it is asked for. */
export function controllerMetrics(needs: ControllerMetricsNeeds): () => Promise<Registry> {
  let kept: { readonly at: number; readonly numbers: Promise<Numbers> } | null = null
  return async () => {
    const at = needs.now()
    if (kept === null || at - kept.at >= keptMs) kept = { at, numbers: readNumbers(needs) }
    try {
      const [status, numbers] = await Promise.all([needs.status(), kept.numbers])
      return withNumbers(statusMetrics(status), numbers)
    } catch (error) {
      kept = null
      throw error
    }
  }
}

function withNumbers(registry: Registry, numbers: Numbers): Registry {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const pending = gauge('writ_approvals_pending', 'Calls that wait for people.', 'namespace')
  const oldest = gauge(
    'writ_approval_oldest_seconds',
    'When the oldest call that waits for people was asked about, seconds since 1970.',
    'namespace',
  )
  for (const { namespace, ...waiting } of numbers.approvals) {
    pending.set({ namespace }, waiting.pending)
    oldest.set({ namespace }, waiting.oldest / 1000)
  }
  const waits = gauge(
    'writ_approval_wait_seconds',
    'How long people took, of requests asked and settled in the last 24 hours.',
    'quantile',
  )
  for (const [quantile, seconds] of Object.entries(numbers.waits ?? {})) {
    waits.set({ quantile }, seconds)
  }
  const used = gauge(
    'writ_budget_used_ratio',
    'Share of a budget that is spent or lent to proxies, of the counter of which most is.',
    'namespace',
    'budget',
  )
  for (const { namespace, budget, ...of } of numbers.budgets) {
    used.set({ namespace, budget }, of.used)
  }
  const flaws = gauge(
    'writ_chain_flaws',
    'What did not fit in the chains of proxies when it came, by code.',
    'code',
  )
  for (const [code, count] of Object.entries(numbers.flaws)) flaws.set({ code }, count)
  return registry
}
