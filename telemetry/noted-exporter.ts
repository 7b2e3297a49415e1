import { type ExportResult, ExportResultCode } from '@opentelemetry/core'

/** The part of a log that is used here. */
export interface Notes {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** What sends a signal away. */
interface Exporter {
  export(items: never, done: (result: ExportResult) => void): void
}

/**
 * The same exporter, which notes when telemetry stops to arrive and when it arrives again. What the collector answers is
 * not quoted: it may repeat what it was sent. While the process ends, what did not arrive before is not tried again.
 */
export function noted<E extends Exporter>(
  exporter: E,
  log: Notes,
  { signal, ending }: { readonly signal: string; readonly ending: () => boolean },
): E {
  let arrives = true
  const send = exporter.export.bind(exporter)
  exporter.export = (items, done) => {
    if (!arrives && ending()) return done({ code: ExportResultCode.FAILED })
    send(items, result => {
      const arrived = result.code === ExportResultCode.SUCCESS
      if (arrives && !arrived) log.warn({ signal, code: codeOf(result) }, 'telemetry not delivered')
      if (!arrives && arrived) log.info({ signal }, 'telemetry delivered again')
      arrives = arrived
      done(result)
    })
  }
  return exporter
}

function codeOf({ error }: ExportResult): string {
  if (error !== undefined && 'code' in error) return String(error.code)
  return error?.name ?? 'unknown'
}
