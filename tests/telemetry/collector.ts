import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { fromBinary, toJson } from '@bufbuild/protobuf'
import { otlpMessage } from './otlp-messages.ts'

/** Something that can tell when a test is over. */
interface Test {
  teardown(handler: () => unknown): void
}

/** A span as a collector was told of it. */
export interface ToldSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty where the span is the first of its trace. */
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
  readonly links: readonly string[]
  readonly events: number
  readonly resource: Readonly<Record<string, unknown>>
}

/** A metric as a collector was told of it. */
interface ToldMetric {
  readonly name: string
  readonly kind: 'gauge' | 'sum' | 'histogram'
  readonly points: readonly ToldPoint[]
}

interface ToldPoint {
  readonly labels: Readonly<Record<string, unknown>>
  readonly value?: number
  readonly count?: number
  readonly sum?: number
  readonly buckets?: readonly number[]
  readonly bounds?: readonly number[]
}

/** Reads OTLP over HTTP, protobuf, by its published messages, and keeps what it is told. */
export interface Collector {
  readonly url: string
  readonly spans: ToldSpan[]
  readonly metrics: ToldMetric[]
  readonly headers: IncomingHttpHeaders[]
  /** Everything that came, as text, to look for what must not be in it. */
  readonly bytes: string[]
  /** Status of its answers. */
  status: number
}

// biome-ignore lint/suspicious/noExplicitAny: messages are read as the JSON that they are
type Json = any

export async function collector(t: Test): Promise<Collector> {
  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const sent = Buffer.concat(chunks)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    told.headers.push(request.headers)
    told.bytes.push(body.toString('latin1'))
    if (request.url?.endsWith('/v1/traces')) told.spans.push(...spansIn(body))
    if (request.url?.endsWith('/v1/metrics')) told.metrics.push(...metricsIn(body))
    response.writeHead(told.status, { 'content-type': 'application/x-protobuf' }).end()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const told: Collector = { url, spans: [], metrics: [], headers: [], bytes: [], status: 200 }
  return told
}

function parsed(name: string, body: Buffer): Json {
  const message = otlpMessage(name)
  const value = fromBinary(message, body)
  if (value.$unknown !== undefined) throw new Error(`fields of ${name} that nobody knows`)
  return toJson(message, value)
}

function spansIn(body: Buffer): ToldSpan[] {
  const { resourceSpans } = parsed('ExportTraceServiceRequest', body)
  return resourceSpans.flatMap(({ resource, scopeSpans }: Json) =>
    scopeSpans.flatMap(({ spans }: Json) =>
      spans.map((span: Json) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId ?? ''),
        traceState: span.traceState ?? '',
        name: span.name,
        kind: span.kind,
        attributes: attributesOf(span.attributes),
        failed: span.status?.code === 2,
        links: (span.links ?? []).map((link: Json) => hex(link.spanId)),
        events: span.events?.length ?? 0,
        resource: attributesOf(resource.attributes),
      })),
    ),
  )
}

function metricsIn(body: Buffer): ToldMetric[] {
  const { resourceMetrics } = parsed('ExportMetricsServiceRequest', body)
  return resourceMetrics.flatMap(({ scopeMetrics = [] }: Json) =>
    scopeMetrics.flatMap(({ metrics = [] }: Json) => metrics.map(metricOf)),
  )
}

function metricOf({ name, gauge, sum, histogram }: Json): ToldMetric {
  const kind = gauge ? 'gauge' : sum ? 'sum' : 'histogram'
  const { dataPoints = [] } = gauge ?? sum ?? histogram ?? {}
  return { name, kind, points: dataPoints.map((point: Json) => pointOf(point, kind)) }
}

function pointOf(point: Json, kind: ToldMetric['kind']): ToldPoint {
  const labels = attributesOf(point.attributes)
  if (kind !== 'histogram') return { labels, value: Number(point.asDouble ?? point.asInt ?? 0) }
  return {
    labels,
    count: Number(point.count ?? 0),
    sum: point.sum ?? 0,
    buckets: (point.bucketCounts ?? []).map(Number),
    bounds: point.explicitBounds ?? [],
  }
}

function attributesOf(pairs: Json = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(pairs.map(({ key, value }: Json) => [key, plainOf(value)]))
}

function plainOf(value: Json): unknown {
  if ('intValue' in value) return Number(value.intValue)
  return value.stringValue ?? value.boolValue ?? value.doubleValue
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex')
}
