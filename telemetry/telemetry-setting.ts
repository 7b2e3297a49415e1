import { TelemetryFailure } from './failure.ts'
import { type Environment, millisecondsIn, oneOf, pairsIn, said, urlIn } from './variable.ts'

/** Where a signal goes. */
export interface Destination {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** How long one delivery may take, ms. */
  readonly timeoutMs: number
  readonly compression: 'none' | 'gzip'
}

/** Which traces are told of. `ratio` is between 0 and 1. */
export type Sampling =
  | { readonly by: 'always_on' | 'always_off'; readonly parentBased: boolean }
  | { readonly by: 'traceidratio'; readonly parentBased: boolean; readonly ratio: number }

/** What the environment says of telemetry; a signal that is null goes nowhere. */
export interface TelemetrySetting {
  /** Null where it is left to the program. */
  readonly service: string | null
  readonly attributes: Readonly<Record<string, string>>
  readonly traces: (Destination & { readonly sampling: Sampling }) | null
  readonly metrics: (Destination & { readonly intervalMs: number }) | null
}

type Signal = 'TRACES' | 'METRICS'

const paths: Readonly<Record<Signal, string>> = { TRACES: 'v1/traces', METRICS: 'v1/metrics' }

/**
 * Reads the standard variables of OpenTelemetry; null when nothing is to be told, which is so where no endpoint is named.
 * Throws a TelemetryFailure for what cannot be meant, without quoting headers.
 */
export function telemetrySetting(env: Environment): TelemetrySetting | null {
  if (said(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null
  const traces = destination(env, 'TRACES')
  const metrics = destination(env, 'METRICS')
  if (traces === null && metrics === null) return null
  const { 'service.name': named = null, ...attributes } = pairsIn(env, 'OTEL_RESOURCE_ATTRIBUTES')
  return {
    service: said(env, 'OTEL_SERVICE_NAME') ?? named,
    attributes,
    traces: traces && { ...traces, sampling: samplingIn(env) },
    metrics: metrics && { ...metrics, intervalMs: intervalIn(env) },
  }
}

function destination(env: Environment, signal: Signal): Destination | null {
  const exporter = oneOf(env, `OTEL_${signal}_EXPORTER`, ['otlp', 'none']) ?? 'otlp'
  const url = endpoint(env, signal)
  if (exporter === 'none' || url === null) return null
  const own = (name: string) => [
    `OTEL_EXPORTER_OTLP_${signal}_${name}`,
    `OTEL_EXPORTER_OTLP_${name}`,
  ]
  const first = <T>(name: string, read: (variable: string) => T | undefined): T | undefined =>
    own(name)
      .map(read)
      .find(value => value !== undefined)
  first('PROTOCOL', name => oneOf(env, name, ['http/protobuf']))
  return {
    url,
    headers: {
      ...pairsIn(env, 'OTEL_EXPORTER_OTLP_HEADERS'),
      ...pairsIn(env, `OTEL_EXPORTER_OTLP_${signal}_HEADERS`),
    },
    timeoutMs: first('TIMEOUT', name => millisecondsIn(env, name)) ?? 10_000,
    compression: first('COMPRESSION', name => oneOf(env, name, ['none', 'gzip'])) ?? 'none',
  }
}

/** An endpoint of one signal is used as it is; the path of the signal is added to one for all. */
function endpoint(env: Environment, signal: Signal): string | null {
  const own = urlIn(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
  if (own !== null) return own
  const base = urlIn(env, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  return base === null ? null : `${base.replace(/\/$/, '')}/${paths[signal]}`
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

function samplingIn(env: Environment): Sampling {
  const name = oneOf(env, 'OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on'
  const parentBased = name.startsWith('parentbased_')
  const by = name.replace('parentbased_', '') as Sampling['by']
  return by === 'traceidratio' ? { by, parentBased, ratio: ratioIn(env) } : { by, parentBased }
}

function ratioIn(env: Environment): number {
  const text = said(env, 'OTEL_TRACES_SAMPLER_ARG') ?? '1'
  const ratio = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN
  if (ratio >= 0 && ratio <= 1) return ratio
  throw new TelemetryFailure('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1')
}

function intervalIn(env: Environment): number {
  return millisecondsIn(env, 'OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000
}
