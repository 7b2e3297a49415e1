import { ValueType } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import { bucketsOf } from './buckets-of.ts'

/** A metric as prom-client writes it as JSON. */
export interface Measured {
  readonly name: string
  readonly help: string
  /** `counter`, `gauge` or `histogram`; nothing else is told of. */
  readonly type: unknown
  readonly values: readonly MeasuredValue[]
}

export interface MeasuredValue {
  readonly value: number
  readonly labels: Readonly<Partial<Record<string, string | number>>>
  /** Which part of a histogram it is. */
  readonly metricName?: string
}

/** The numbers as they are whenever they are asked for. */
export type MetricSource = () => Promise<readonly Measured[]>

export interface ProducerNeeds {
  readonly scope: string
  readonly resource: Resource
  readonly now: () => number
}

/** Tells OpenTelemetry the numbers that Prometheus reads, under the same names: they are counted once. */
export function metricProducer(
  sources: readonly MetricSource[],
  { scope, resource, now }: ProducerNeeds,
): MetricProducer {
  const began = timeOf(now())
  return {
    async collect() {
      const asked = await Promise.allSettled(sources.map(source => source()))
      const measured = asked.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
      const errors = asked.flatMap(one => (one.status === 'rejected' ? [one.reason] : []))
      const times = { startTime: began, endTime: timeOf(now()) }
      const metrics = measured.flatMap(one => metricOf(one, times) ?? [])
      const scopeMetrics = [{ scope: { name: scope }, metrics }]
      return { resourceMetrics: { resource, scopeMetrics }, errors }
    },
  }
}

interface Times {
  readonly startTime: [number, number]
  readonly endTime: [number, number]
}

function metricOf(measured: Measured, times: Times): MetricData | null {
  const { name, help, type } = measured
  const common = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  if (type === 'counter') {
    const dataPoints = pointsOf(measured, times)
    return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
  }
  if (type === 'gauge') {
    return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: pointsOf(measured, times) }
  }
  if (type !== 'histogram') return null
  const dataPoints = bucketsOf(measured).map(({ labels, ...value }) => ({
    ...times,
    attributes: { ...labels },
    value,
  }))
  return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints }
}

function pointsOf({ values }: Measured, times: Times) {
  return values.map(({ value, labels }) => ({ ...times, attributes: { ...labels }, value }))
}

function timeOf(ms: number): [number, number] {
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000]
}
