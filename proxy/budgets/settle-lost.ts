import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { headIn } from '../../records/line.ts'
import type { EntryJson } from '../journal/line.ts'
import { segments } from '../journal/segment.ts'

/** The part of a journal that this reads and writes. */
export interface LostJournal {
  readonly folder: string
  write(entries: readonly EntryJson[]): Promise<void>
}

/**
 * Writes an outcome for every attempt of earlier starts that has set something aside and has none: nobody can tell what
 * became of the call, so all that was set aside is charged. Resolves to how many there were. Rejects with a
 * JournalFailure when they cannot be kept.
 */
export async function settleLost(journal: LostJournal, now: () => number): Promise<number> {
  const lost = await attemptsWithout(journal.folder)
  const time = new Date(now()).toISOString()
  for (const attempt of lost) await journal.write([JSON.stringify(outcomeOf(attempt, time))])
  return lost.length
}

type Entry = { readonly [member: string]: unknown }

async function attemptsWithout(folder: string): Promise<readonly Entry[]> {
  const open = new Map<unknown, Entry>()
  for (const { path } of segments(folder)) {
    for await (const line of createInterface({ input: createReadStream(path) })) note(open, line)
  }
  return [...open.values()]
}

/** Most lines are about other things, and reading them costs more than looking for a word. */
function note(open: Map<unknown, Entry>, line: string): void {
  const setsAside = line.includes('"charges":[')
  if (headIn(line) === null || (!setsAside && open.size === 0)) return
  const entry = parse(line)
  if (entry?.phase === 'outcome') open.delete(entry.call)
  else if (
    entry !== null &&
    setsAside &&
    Array.isArray(entry.charges) &&
    entry.charges.length > 0
  ) {
    open.set(entry.call, entry)
  }
}

/** Null for what damage has left over. */
function parse(line: string): Entry | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function outcomeOf(attempt: Entry, time: string): Entry {
  const { proxy: _proxy, seq: _seq, prev: _prev, reservedMicroUsd: cost, ...told } = attempt
  const source = attempt.costSource ?? (attempt.kind === 'tool' ? 'tool' : 'provider')
  return {
    ...told,
    time,
    phase: 'outcome',
    status: 'unknown',
    error: 'the proxy ended before the call did',
    ...(cost !== undefined && { reservedMicroUsd: cost, costMicroUsd: cost, costSource: source }),
  }
}
