import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { type Digest, digestOf, genesisOf, type Link, linkOf } from '../../records/chain.ts'
import { headIn } from '../../records/line.ts'
import { ChainKey, Seal } from '../../schemas/chain.ts'
import { ControllerFailure } from '../failure.ts'
import { type NewRow, rowOf } from './row.ts'

/** An entry and its place in the chain. */
export interface ChainedRow {
  readonly row: NewRow
  /** What it says it is chained to; null when it says nothing. */
  readonly prev: Digest | null
  /** What the next entry is chained to. */
  readonly link: Link
}

/** What a proxy hands in at once: entries, sorted by number, each once, and its word on the chain. */
export interface Batch {
  readonly proxy: string
  readonly entries: readonly ChainedRow[]
  readonly keys: readonly ChainKey[]
  readonly seals: readonly Seal[]
}

type Statement = ChainKey | Seal

/** A function that reads the lines of one proxy. It throws a ControllerFailure when one is neither entry nor statement. */
export function batchReader(): (lines: readonly string[]) => Batch | null {
  const statementIn = statementReader()
  return lines => {
    const told = lines.filter(isStatement).map(statementIn)
    const rows = lines.filter(line => !isStatement(line)).map(chained)
    const [first] = rows
    if (first === undefined) {
      if (told.length > 0) throw malformed('statements come with entries')
      return null
    }
    const { proxy } = first.row
    if (rows.some(({ row }) => row.proxy !== proxy) || told.some(one => one.proxy !== proxy)) {
      throw malformed('the entries are of more than one proxy')
    }
    const keys = told.filter(one => one.type === 'writ.chain-key.v1')
    const seals = told.filter(one => one.type === 'writ.seal.v1')
    return { proxy, entries: distinct(rows), keys, seals }
  }
}

/** Entries begin with their proxy, statements with their type. */
function isStatement(line: string): boolean {
  return line.startsWith('{"type":')
}

function statementReader(): (line: string) => Statement {
  const ajv = new Ajv({ strict: false })
  formats.default(ajv)
  const isKey = ajv.compile<ChainKey>(ChainKey)
  const isSeal = ajv.compile<Seal>(Seal)
  return line => {
    const value = json(line)
    if (isKey(value)) return value
    if (isSeal(value)) return value
    throw malformed('a line is no statement about a chain')
  }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function chained(line: string): ChainedRow {
  const row = rowOf(line)
  if (row === null) throw malformed('a line is not an entry')
  const head = headIn(line)
  // What names itself twice is one entry for the chain and another one for whoever parses it.
  if (head !== null && (head.proxy !== row.proxy || head.seq !== row.seq)) {
    throw malformed('a line is not an entry')
  }
  return { row, prev: head?.prev ?? null, link: linkAfter(row.proxy, line) }
}

/** What the entry behind a line of a proxy is chained to. */
export function linkAfter(proxy: string, line: string): Link {
  return linkOf(headIn(line)?.prev ?? genesisOf(proxy), digestOf(line))
}

function distinct(rows: readonly ChainedRow[]): readonly ChainedRow[] {
  const bySeq = new Map(rows.map(one => [one.row.seq, one]))
  const isTwice = rows.some(({ row }) => bySeq.get(row.seq)?.row.entry_digest !== row.entry_digest)
  if (isTwice) throw conflict()
  return [...bySeq.values()].sort((a, b) => a.row.seq - b.row.seq)
}

function malformed(message: string): ControllerFailure {
  return new ControllerFailure('entry_malformed', message)
}

/** Says that two different entries have one number. */
export function conflict(): ControllerFailure {
  return new ControllerFailure(
    'sequence_conflict',
    'another entry has this number: two proxies share an id, or a journal was restored from a copy',
  )
}
