import { createHash } from 'node:crypto'
import type { Fallback, RuleTable, TableEntry } from '../../schemas/rule-table.ts'
import { type CallPlans, callPlans } from './call-plan.ts'
import { newFrame } from './cel/frame.ts'
import { addEntry, type WaitingEntry } from './entry-index.ts'
import { finished } from './finished.ts'
import { parseInSlices } from './json-slices.ts'
import {
  headOf,
  type LoadedPolicy,
  loadEntry,
  loadPolicy,
  type TableContext,
} from './loaded-policy.ts'
import { writtenToAsk } from './may-ask.ts'
import { entryOf, policyOf, type TableOutline, tableOf, tableOutline } from './table-shape.ts'
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
  let sorted = true
  let last = ''
  for (const written of policies) {
    const name = yield* addPolicy(loading, written)
    sorted &&= last <= name
    last = name
  }
  const { plans, long } = loading
  if (!sorted) yield* sort(plans.policies)
  for (const [order, policy] of plans.policies.entries()) policy.order = order
  for (const [entry, source] of long) {
    entry.loaded = yield* loadEntry(entry.policy, source, entry.position)
  }
  return { digest, namespace: table.namespace, table, plans }
}

/** Compilers write policies in the order of their names already. */
function* sort(policies: LoadedPolicy[]): Generator<undefined, void> {
  for (const policy of policies) {
    headOf(policy)
    yield
  }
  policies.sort((a, b) => (headOf(a).name < headOf(b).name ? -1 : 1))
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

/** Adds a policy with its entries, and gives its name. */
function* addPolicy(loading: Loading, written: unknown): Generator<undefined, string> {
  const { plans, context, shared } = loading
  const text = typeof written === 'string' ? written : null
  const outline = policyOf(text === null ? written : JSON.parse(text), context.files.length)
  const policy = loadPolicy(context, { text, outline }, shared)
  plans.policies.push(policy)
  if (asks(outline.unmatched) || asks(outline.onError)) plans.asking.add(policy)
  yield
  for (const index of Object.values(plans.entries)) {
    for (const [position, entry] of outline[index.list].entries()) {
      addEntry(index, yield* waiting(loading, policy, position, entry))
    }
  }
  return outline.name
}

/**
 * An entry for the index, checked now and made ready at the first call that it concerns: a table of
 * thousands of entries then costs little more memory than its text.
 */
function* waiting(
  { plans, long }: Loading,
  policy: LoadedPolicy,
  position: number,
  written: unknown,
): Generator<undefined, WaitingEntry> {
  const text = policy.text === null && typeof written === 'string' ? written : null
  const value: unknown = text === null ? written : JSON.parse(text)
  const source = yield* entryOf(value, policy.context.files.length)
  if (writtenToAsk(source)) plans.asking.add(policy)
  const { match, server, notServer } = source
  const about = { match, server, notServer, policy, position }
  const entry: WaitingEntry = { ...about, text, loaded: null, next: undefined }
  if (text === null && policy.text === null) long.push([entry, source])
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
