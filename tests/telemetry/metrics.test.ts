import { setTimeout as after } from 'node:timers/promises'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import t from 'tap'
import { openTelemetry } from '../../telemetry/open-telemetry.ts'
import { telemetrySetting } from '../../telemetry/telemetry-setting.ts'
import { collector } from './collector.ts'

type Logged = [level: string, fields: object, message: string]

function telling(url: string, env: Record<string, string> = {}) {
  const setting = telemetrySetting({ OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env })
  if (setting === null) throw new Error('telemetry is off')
  const logged: Logged[] = []
  const log = {
    info: (fields: object, message: string) => void logged.push(['info', fields, message]),
    warn: (fields: object, message: string) => void logged.push(['warn', fields, message]),
  }
  const needs = { service: 'test', version: '1', log, now: Date.now, random: Math.random }
  return { ...openTelemetry(setting, needs), logged }
}

t.test('what Prometheus reads is told as it is', async t => {
  const told = await collector(t)
  const { addMetrics, close } = telling(told.url, {
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-collector',
  })
  const registry = new Registry()
  const registers = [registry]
  new Counter({ name: 'calls_total', help: 'Calls.', labelNames: ['kind'], registers }).inc(
    { kind: 'tool' },
    7,
  )
  new Gauge({ name: 'sessions', help: 'Sessions.', registers }).set(3)
  const took = new Histogram({
    name: 'took_seconds',
    help: 'Time.',
    labelNames: ['server'],
    buckets: [0.1, 1, 10],
    registers,
  })
  for (const seconds of [0.05, 0.1, 0.5, 99]) took.observe({ server: 'a' }, seconds)
  took.observe({ server: 'b' }, 2)
  addMetrics(() => registry.getMetricsAsJSON())
  await close()
  const bounds = [0.1, 1, 10]
  t.strictSame(told.metrics, [
    { name: 'calls_total', kind: 'sum', points: [{ labels: { kind: 'tool' }, value: 7 }] },
    { name: 'sessions', kind: 'gauge', points: [{ labels: {}, value: 3 }] },
    {
      name: 'took_seconds',
      kind: 'histogram',
      points: [
        { labels: { server: 'a' }, count: 4, sum: 99.65, buckets: [2, 1, 0, 1], bounds },
        { labels: { server: 'b' }, count: 1, sum: 2, buckets: [0, 0, 1, 0], bounds },
      ],
    },
  ])
  t.equal(told.headers[0]?.['x-key'], 'of-the-collector')
})

t.test('a source that fails leaves the others', async t => {
  const told = await collector(t)
  const { addMetrics, close } = telling(told.url)
  const registry = new Registry()
  new Gauge({ name: 'sessions', help: 'Sessions.', registers: [registry] }).set(3)
  addMetrics(() => Promise.reject(new Error('the store is away')))
  addMetrics(() => registry.getMetricsAsJSON())
  await close()
  t.match(told.metrics, [{ name: 'sessions' }])
})

t.test('a collector that is away is noted once, and that it is back', async t => {
  const told = await collector(t)
  told.status = 400
  const { addMetrics, close, logged } = telling(told.url, { OTEL_METRIC_EXPORT_INTERVAL: '20' })
  const registry = new Registry()
  new Gauge({ name: 'sessions', help: 'Sessions.', registers: [registry] }).set(3)
  addMetrics(() => registry.getMetricsAsJSON())
  const until = async (ready: () => boolean) => {
    while (!ready()) await after(5)
  }
  await until(() => told.headers.length >= 3)
  told.status = 200
  await until(() => logged.length === 2)
  await close()
  t.strictSame(logged, [
    ['warn', { signal: 'metrics', code: '400' }, 'telemetry not delivered'],
    ['info', { signal: 'metrics' }, 'telemetry delivered again'],
  ])
})

t.test('a collector that nobody can reach does not hold up the end', async t => {
  const { tracer, close, logged } = telling('http://127.0.0.1:1', {
    OTEL_METRICS_EXPORTER: 'none',
  })
  tracer?.startSpan('lost').end()
  await close()
  t.match(
    logged.every(([level]) => level === 'warn'),
    true,
  )
})
