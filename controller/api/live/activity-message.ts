import type { LiveMessage } from './topic-log.ts'

/** An entry of the ledger as it came in. */
export interface NewEntry {
  readonly namespace: string
  /** The line as its proxy wrote it. */
  readonly entry: string
}

/** Longest entry that is sent whole, in characters; of a longer one the arguments are left out. */
const mostEntry = 32_768

/** An entry that has come into the ledger. */
export function activityMessage({ namespace, entry }: NewEntry): LiveMessage {
  return {
    namespace,
    weight: 2 * entry.length,
    content: async () => {
      const { args, ...rest } = JSON.parse(entry)
      const whole = entry.length <= mostEntry
      return {
        type: 'activity',
        timestamp: rest.time,
        namespace,
        entry: whole ? { ...rest, ...(args !== undefined && { args }) } : rest,
        args_omitted: !whole,
      }
    },
  }
}
