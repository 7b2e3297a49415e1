import type { Usage, UsageSource } from '../../schemas/usage.ts'
import type { Actual } from '../budgets/budgets.ts'
import type { ProxyFailure } from '../failure.ts'
import type { Outcome } from '../mcp/needs.ts'
import type { Ended } from '../record/entry-text.ts'
import type { Relayed } from './relay.ts'
import type { Used } from './usage-reader.ts'

/** How one try at one provider ended. */
export interface Ending {
  readonly outcome: Outcome
  /** HTTP status of the provider, or the code of what went wrong. */
  readonly upstreamStatus: string
  readonly actual: Actual
  readonly usageSource?: UsageSource
  readonly bytes?: number
  readonly digest?: string
  /** What went wrong, without secrets. */
  readonly error?: string
  /** Whether another provider may be asked: this one could not answer, and the client has been told nothing. */
  readonly another: boolean
  /** Hands the client its answer, or the rest of it; once how it ended is on record. */
  finish(): void
}

const unused: Usage = { inputTokens: 0, outputTokens: 0 }
const nobodyKnows: Actual = { sent: true, usage: null }
const notSent: Actual = { sent: false, usage: null }

/** The ending that an answer of the same dialect amounts to; `inputTokens` is what went in by estimate. */
export function endingOf(relayed: Relayed, inputTokens: number): Ending {
  const { failure, status, bytes, digest } = relayed
  if (failure !== null) return broken(relayed, failure, inputTokens)
  const told = { upstreamStatus: String(status), bytes, digest, finish: relayed.finish }
  if (status >= 400) {
    const error = `the provider answered ${status}`
    const another = status === 429 || status >= 500
    return { ...told, outcome: 'failed', actual: { sent: true, usage: unused }, error, another }
  }
  const used = relayed.usage.used(inputTokens, true)
  return { ...told, outcome: 'succeeded', ...accounted(used), another: false }
}

function broken(relayed: Relayed, failure: ProxyFailure, inputTokens: number): Ending {
  const { begun, stream, bytes, finish } = relayed
  const cancelled = failure.code === 'cancelled'
  const told = {
    upstreamStatus: failure.code,
    error: failure.message,
    another: !begun && !cancelled,
    finish,
  }
  if (begun && stream) {
    const used = relayed.usage.used(inputTokens, false)
    return { ...told, outcome: cancelled ? 'cancelled' : 'failed', bytes, ...accounted(used) }
  }
  if (cancelled) return { ...told, outcome: 'cancelled', actual: nobodyKnows }
  return failure.mayHaveActed
    ? { ...told, outcome: 'unknown', actual: nobodyKnows }
    : { ...told, outcome: 'failed', actual: notSent }
}

/** Usage as it is settled and recorded. */
export function accounted({ usage, source }: Used): Pick<Ending, 'actual' | 'usageSource'> {
  return { actual: { sent: true, usage }, usageSource: source }
}

/** What the outcome of a try records, apart from money. */
export function endedOf(ending: Ending, durationMs: number): Ended {
  const { outcome, upstreamStatus, actual, usageSource, bytes, digest, error } = ending
  return {
    status: outcome,
    durationMs,
    upstreamStatus,
    ...(actual.usage !== null && { usage: actual.usage }),
    ...(usageSource !== undefined && { usageSource }),
    ...(bytes !== undefined && { resultBytes: bytes }),
    ...(digest !== undefined && { resultDigest: digest }),
    ...(error !== undefined && { error }),
  }
}
