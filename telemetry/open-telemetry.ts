import { randomUUID } from 'node:crypto'
import type { Tracer } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { type MetricSource, metricProducer } from './metric-producer.ts'
import { type Notes, noted } from './noted-exporter.ts'
import { samplerOf } from './sampler-of.ts'
import type { Destination, TelemetrySetting } from './telemetry-setting.ts'

export interface TelemetryNeeds {
  /** Name of the program where the environment says none. */
  readonly service: string
  readonly version: string
  readonly log: Notes
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
}

/** What a process tells by OpenTelemetry. */
export interface Telemetry {
  /** Null where no traces are told of. */
  readonly tracer: Tracer | null
  /** Has these numbers told as well, from now on. */
  addMetrics(source: MetricSource): void
  /** Tells what is left, within three seconds, and stops. Never rejects. */
  close(): Promise<void>
}

const scope = 'writ'
const closeMs = 3000
const longestValue = 1024

/** Starts to tell what the setting says. Nothing that fails on the way concerns a call. */
export function openTelemetry(setting: TelemetrySetting, needs: TelemetryNeeds): Telemetry {
  const resource = resourceOf(setting, needs)
  let isEnding = false
  const told = { ...needs, resource, ending: () => isEnding }
  const traces = tracesOf(setting, told)
  const sources: MetricSource[] = []
  const metrics = metricsOf(setting, told, sources)
  return {
    tracer: traces?.getTracer(scope, needs.version) ?? null,
    addMetrics: source => void sources.push(source),
    async close() {
      isEnding = true
      const ended = Promise.allSettled([traces?.shutdown(), metrics?.shutdown()])
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, closeMs)
      await Promise.race([ended, late.promise])
      clearTimeout(timer)
    },
  }
}

/** The streams of two processes of one name are told apart by an id. */
function resourceOf({ service, attributes }: TelemetrySetting, needs: TelemetryNeeds): Resource {
  const own = resourceFromAttributes({
    'service.name': service ?? needs.service,
    'service.version': needs.version,
    'service.instance.id': randomUUID(),
    ...attributes,
  })
  return defaultResource().merge(own)
}

interface Told extends TelemetryNeeds {
  readonly resource: Resource
  readonly ending: () => boolean
}

function tracesOf(
  { traces }: TelemetrySetting,
  { log, random, resource, ending }: Told,
): TracerProvider | null {
  if (traces === null) return null
  const exporter = noted(new OTLPTraceExporter(optionsOf(traces)), log, {
    signal: 'traces',
    ending,
  })
  return new TracerProvider({
    resource,
    sampler: samplerOf(traces.sampling, random),
    spanLimits: { attributeValueLengthLimit: longestValue },
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
}

function metricsOf(
  { metrics }: TelemetrySetting,
  { log, now, resource, ending }: Told,
  sources: readonly MetricSource[],
): MeterProvider | null {
  if (metrics === null) return null
  const { intervalMs, timeoutMs } = metrics
  const reader = new PeriodicExportingMetricReader({
    exporter: noted(new OTLPMetricExporter(optionsOf(metrics)), log, { signal: 'metrics', ending }),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, timeoutMs),
    metricProducers: [metricProducer(sources, { scope, now, resource })],
  })
  return new MeterProvider({ resource, readers: [reader] })
}

type Options = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>

function optionsOf({ url, headers, timeoutMs, compression }: Destination): Options {
  return {
    url,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    compression: compression as NonNullable<Options['compression']>,
  }
}
