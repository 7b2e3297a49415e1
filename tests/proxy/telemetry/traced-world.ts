import { openCallTraces } from '../../../proxy/telemetry/open-call-traces.ts'
import { openTelemetry } from '../../../telemetry/open-telemetry.ts'
import { telemetrySetting } from '../../../telemetry/telemetry-setting.ts'
import type { Environment } from '../../../telemetry/variable.ts'
import { type Collector, collector, type ToldSpan } from '../../telemetry/collector.ts'
import { type Test, type World, type WorldOptions, world } from '../mcp/world.ts'

export interface TracedWorld extends World {
  readonly collector: Collector
  /** Everything that was traced, once it has been told. */
  spans(): Promise<readonly ToldSpan[]>
}

/** A proxy whose calls are traced, and the collector that is told of them. */
export async function tracedWorld(
  t: Test,
  documents: readonly string[],
  env: Environment = {},
  options: WorldOptions = {},
): Promise<TracedWorld> {
  const told = await collector(t)
  const setting = telemetrySetting({ OTEL_EXPORTER_OTLP_ENDPOINT: told.url, ...env })
  if (setting === null) throw new Error('telemetry is off')
  const log = { info: () => undefined, warn: () => undefined }
  const needs = { service: 'test', version: '1', log, now: Date.now, random: Math.random }
  const { tracer, close } = openTelemetry(setting, needs)
  t.teardown(close)
  const traces = tracer && { traces: openCallTraces(tracer) }
  const made = await world(t, documents, { ...options, ...traces })
  const spans = async () => {
    await close()
    return told.spans
  }
  return Object.assign(made, { collector: told, spans })
}
