import type { EntryJson, Journal, Log } from '../mcp/needs.ts'
import type { Meter } from '../meter.ts'
import { callFields } from '../telemetry/call-facts.ts'
import type { Noted } from './noted.ts'

export interface KeepNeeds {
  readonly journal: Journal
  readonly meter: Pick<Meter, 'unrecorded'>
  readonly log: Pick<Log, 'error'>
}

/** Writes entries of a call to the journal; false when they could not be kept. */
export function keep(
  { journal, meter, log }: KeepNeeds,
  entries: readonly EntryJson[],
  noted: Pick<Noted, 'call' | 'trace'>,
): Promise<boolean> | boolean {
  const failed = (err: unknown) => {
    meter.unrecorded()
    log.error({ err, ...callFields(noted) }, 'call not recorded')
    return false
  }
  try {
    return journal.write(entries)?.then(yes, failed) ?? true
  } catch (error) {
    return failed(error)
  }
}

const yes = () => true
