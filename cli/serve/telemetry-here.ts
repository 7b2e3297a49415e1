import type { CallTraces } from '../../proxy/telemetry/call-trace.ts'
import type { MetricSource } from '../../telemetry/metric-producer.ts'
import type { Notes } from '../../telemetry/noted-exporter.ts'
import { telemetrySetting } from '../../telemetry/telemetry-setting.ts'
import type { Environment } from '../../telemetry/variable.ts'
import { version } from '../version.ts'

/** What a process tells by OpenTelemetry; nothing, where its environment names nobody to tell it to. */
export interface TelemetryHere {
  readonly traces?: CallTraces
  addMetrics(source: MetricSource): void
  close(): Promise<void>
}

interface Needs {
  readonly env: Environment
  readonly log: Notes
}

/**
 * Starts what the environment says of telemetry. The libraries for it are loaded when there is something to tell, and not
 * before. Throws a TelemetryFailure for a variable that cannot be meant.
 */
export async function telemetryHere(service: string, { env, log }: Needs): Promise<TelemetryHere> {
  const setting = telemetrySetting(env)
  if (setting === null) return { addMetrics: () => undefined, close: async () => undefined }
  const [{ openTelemetry }, { openCallTraces }] = await Promise.all([
    import('../../telemetry/open-telemetry.ts'),
    import('../../proxy/telemetry/open-call-traces.ts'),
  ])
  const needs = { service, version, log, now: Date.now, random: Math.random }
  const { tracer, addMetrics, close } = openTelemetry(setting, needs)
  return { ...(tracer && { traces: openCallTraces(tracer) }), addMetrics, close }
}
