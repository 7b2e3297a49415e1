import type { EntryJson, Journal } from '../mcp/needs.ts'
import type { Meter } from '../meter.ts'

export interface KeepNeeds {
  readonly journal: Journal
  readonly meter: Pick<Meter, 'unrecorded'>
}

/** Writes entries to the journal; false when they could not be kept. */
export function keep(
  { journal, meter }: KeepNeeds,
  entries: readonly EntryJson[],
): Promise<boolean> | boolean {
  const failed = () => {
    meter.unrecorded()
    return false
  }
  try {
    return journal.write(entries)?.then(yes, failed) ?? true
  } catch {
    return failed()
  }
}

const yes = () => true
