import type { Replay } from '../../schemas/replay.ts'
import type { Cursor } from '../ledger/filter.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Policies, replay } from './replay.ts'

export interface ReplayChangeNeeds {
  readonly ledger: Pick<Ledger, 'list'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface ChangeToReplay {
  /** What is in force. */
  readonly before: Policies
  /** What is to be in force. */
  readonly after: Policies
  /** How far back the records go that are judged, ms. */
  readonly span: number
}

/** A proxy forgets a session that is idle for so long; what was done before that matters to no call. */
const sessionMs = 12 * 3_600_000
const pageEntries = 1000

/**
 * What the calls on record in the namespaces of a change would come to once it is in force, held against what is in force
 * now. Rejects when the ledger cannot be read, a table is malformed, or the signal is aborted.
 */
export function replayChange(
  { ledger, now }: ReplayChangeNeeds,
  { before, after, span }: ChangeToReplay,
  signal: AbortSignal,
): Promise<Replay> {
  const until = now()
  const since = until - span
  const lines = entries(ledger, since - sessionMs, until)
  return replay({ lines, before, after, since, onlyKnown: true }, { signal })
}

/** Every entry of a time, oldest first, a line each. */
async function* entries(
  ledger: ReplayChangeNeeds['ledger'],
  since: number,
  until: number,
): AsyncGenerator<string, void> {
  let after: Cursor | null = null
  do {
    const page = await ledger.list({ words: {}, since, until, order: 'oldest' }, after, pageEntries)
    yield page.entries.map(entry => `${entry}\n`).join('')
    after = page.next
  } while (after !== null)
}
