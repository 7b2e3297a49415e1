import t from 'tap'
import { telemetrySetting } from '../../telemetry/telemetry-setting.ts'
import type { Environment } from '../../telemetry/variable.ts'

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
const preset = { headers: {}, timeoutMs: 10_000, compression: 'none' }
const always = { by: 'always_on', parentBased: true }

t.test('nothing is told where no endpoint is named, or everything is turned off', async t => {
  const silent: Environment[] = [
    {},
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  ]
  t.strictSame(
    silent.map(env => telemetrySetting(env)),
    silent.map(() => null),
  )
})

t.test('one endpoint serves both signals under their paths', async t => {
  t.strictSame(telemetrySetting({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c.example/otlp/' }), {
    service: null,
    attributes: {},
    traces: { ...preset, url: 'https://c.example/otlp/v1/traces', sampling: always },
    metrics: { ...preset, url: 'https://c.example/otlp/v1/metrics', intervalMs: 60_000 },
  })
})

t.test('what is said of one signal goes before what is said of both', async t => {
  const env = {
    ...endpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:1/here',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x = 1 ',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '700',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '.25',
    OTEL_SERVICE_NAME: 'mine',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=a%2Cb',
  }
  t.strictSame(telemetrySetting(env), {
    service: 'mine',
    attributes: { 'deployment.environment.name': 'a,b' },
    traces: {
      url: 'http://traces:1/here',
      headers: { 'api-key': 'a b', x: '2' },
      timeoutMs: 500,
      compression: 'gzip',
      sampling: { by: 'traceidratio', parentBased: true, ratio: 0.25 },
    },
    metrics: {
      url: 'http://collector:4318/v1/metrics',
      headers: { 'api-key': 'a b', x: '1' },
      timeoutMs: 700,
      compression: 'gzip',
      intervalMs: 1000,
    },
  })
})

const wrong: readonly (readonly [name: string, value: string, says: RegExp])[] = [
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', /must be an http or https URL/],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://me:secret@collector', /without credentials/],
  ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'grpc://collector', /must be an http or https URL/],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', /must be http\/protobuf here/],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'secret', /must be written like name=value/],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a=secret%', /must be written like name=value/],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '0', /whole number of milliseconds/],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', /must be none or gzip here/],
  ['OTEL_TRACES_EXPORTER', 'jaeger', /must be otlp or none here/],
  ['OTEL_TRACES_SAMPLER', 'jaeger_remote', /must be always_on, always_off, traceidratio, /],
  ['OTEL_METRIC_EXPORT_INTERVAL', '1e3', /whole number of milliseconds/],
  ['OTEL_RESOURCE_ATTRIBUTES', 'a b=1', /must be written like name=value/],
]

t.test('what cannot be meant is said, and no value is repeated', async t => {
  for (const [name, value, says] of wrong) {
    const read = () => telemetrySetting({ ...endpoint, [name]: value })
    t.throws(read, { code: 'telemetry_unusable', message: says }, `${name}=${value}`)
    t.throws(read, { message: new RegExp(`^${name} `) })
    t.notMatch(String(catching(read)), 'secret')
  }
  for (const ratio of ['2', '-1', 'half', '', '1e-3', 'NaN']) {
    const env = {
      ...endpoint,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: ratio,
    }
    if (ratio === '') t.match(telemetrySetting(env)?.traces?.sampling, { ratio: 1 })
    else t.throws(() => telemetrySetting(env), { message: /must be a number from 0 to 1/ })
  }
})

function catching(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
