import { createHash } from 'node:crypto'
import { callKinds } from '../../schemas/call.ts'
import type { Fallback, RuleTable, TableEntry } from '../../schemas/rule-table.ts'
import { type CallPlans, callPlans } from './call-plan.ts'
import { newFrame } from './cel/frame.ts'
import { addEntry, type WaitingEntry } from './entry-index.ts'
import { finished } from './finished.ts'
import { parseInSlices } from './json-slices.ts'
import { type LoadedPolicy, loadEntry, loadPolicy, type TableContext } from './loaded-policy.ts'
import { writtenToAsk } from './may-ask.ts'
import {
  type EntryList,
  entryOf,
  listOf,
  policyOf,
  type TableOutline,
  tableOf,
  tableOutline,
} from './table-shape.ts'
import { verdict } from './verdict.ts'

/** A rule table made ready to judge calls; what is not named here is for policy/decide alone. */
export interface LoadedTable {
  /** `sha256:` and the hash of the canonical JSON in hex. */
  readonly digest: string
  readonly namespace: string
  /** The table but for its policies, which are in `plans`. */
  readonly table: Omit<RuleTable, 'policies'>
  readonly plans: CallPlans
}

/** Makes a table ready from its canonical JSON; throws a TypeError when it is malformed. */
export function load(json: string): LoadedTable {
  return finished(loading(json))
}

/** What `load` does, in steps well under 2 ms each, so that calls can be answered in between. */
export function* loading(json: string): Generator<undefined, LoadedTable> {
  try {
    const digest = yield* digestOf(json)
    const table = tableOf(yield* parseInSlices(json, tableOutline))
    return yield* ready(table, digest)
  } catch (cause) {
    if (cause instanceof TypeError) throw cause
    throw new TypeError('malformed rule table: not JSON', { cause })
  }
}

function* ready(outline: TableOutline, digest: string): Generator<undefined, LoadedTable> {
  const { policies, ...table } = outline
  const context = { files: table.files, digest, frame: newFrame() }
  const noPolicy = verdict(context, 0, { action: 'deny', workflows: [] }, { reason: 'no_policy' })
  const loading: Loading = { plans: callPlans(noPolicy), context, shared: sharing(), long: [] }
  for (const written of policies) yield* addPolicy(loading, written)
  const { plans, long } = loading
  plans.policies.sort((a, b) => (a.source.name < b.source.name ? -1 : 1))
  yield
  for (const [order, policy] of plans.policies.entries()) policy.order = order
  for (const [entry, source] of long) {
    entry.loaded = yield* loadEntry(entry.policy, source, entry.position)
  }
  return { digest, namespace: table.namespace, table, plans }
}

/** A table that is being made ready. */
interface Loading {
  readonly plans: CallPlans
  readonly context: TableContext
  /** Gives one value for all that are equal. */
  readonly shared: <T>(value: T) => T
  /** Entries too long to wait until they are needed. */
  readonly long: (readonly [WaitingEntry, TableEntry])[]
}

function* addPolicy(loading: Loading, written: unknown): Generator<undefined, void> {
  const { plans, context, shared } = loading
  const text = typeof written === 'string' ? written : null
  const source = policyOf(text === null ? written : JSON.parse(text), context.files.length)
  const policy = loadPolicy(context, source, shared)
  plans.policies.push(policy)
  if (asks(source.unmatched) || asks(source.onError)) plans.asking.add(policy)
  yield
  for (const kind of callKinds) {
    const list = listOf[kind]
    for (const [position, entry] of source[list].entries()) {
      const place = text === null ? null : { text, list }
      addEntry(plans.entries[kind], yield* waiting(loading, { policy, position, place }, entry))
    }
  }
}

/** Where an entry is written: in the text of its policy, unless that was too long to be left as text. */
interface Placed {
  readonly policy: LoadedPolicy
  readonly position: number
  readonly place: { readonly text: string; readonly list: EntryList } | null
}

/**
 * An entry for the index, checked now and made ready at the first call that it concerns: a table of
 * thousands of entries then costs little more memory than its text.
 */
function* waiting(
  { plans, long }: Loading,
  { policy, position, place }: Placed,
  written: unknown,
): Generator<undefined, WaitingEntry> {
  const own = place === null && typeof written === 'string' ? written : null
  const value: unknown = own === null ? written : JSON.parse(own)
  const source = yield* entryOf(value, policy.context.files.length)
  if (writtenToAsk(source)) plans.asking.add(policy)
  const { match, server, notServer } = source
  const { text, list } = place ?? { text: own, list: null }
  const entry = { match, server, notServer, policy, position, text, list, loaded: null }
  if (text === null) long.push([entry, source])
  return entry
}

function asks({ action }: Fallback): boolean {
  return action === 'require_approval'
}

/** Gives one value for all that are equal as JSON, so that thousands of policies share their like parts. */
function sharing(): <T>(value: T) => T {
  const known = new Map<string, unknown>()
  return <T>(value: T): T => {
    const text = JSON.stringify(value)
    const same = known.get(text)
    if (same !== undefined) return same as T
    known.set(text, value)
    return value
  }
}

function* digestOf(json: string): Generator<undefined, string> {
  const hash = createHash('sha256')
  for (let from = 0; from < json.length; ) {
    const to = boundary(json, from + 65_536)
    hash.update(json.slice(from, to), 'utf8')
    from = to
    yield
  }
  return `sha256:${hash.digest('hex')}`
}

/** The index, or the one after it where a character that takes two would be cut. */
function boundary(text: string, at: number): number {
  const code = text.charCodeAt(at - 1)
  return code >= 0xd800 && code <= 0xdbff ? at + 1 : at
}
