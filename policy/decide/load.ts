import { createHash } from 'node:crypto'
import { callKinds } from '../../schemas/call.ts'
import type { Fallback, RuleTable } from '../../schemas/rule-table.ts'
import { type CallPlans, callPlans } from './call-plan.ts'
import { newFrame } from './cel/frame.ts'
import { addEntry, type WaitingEntry } from './entry-index.ts'
import { parseInSlices } from './json-slices.ts'
import { type LoadedEntry, type LoadedPolicy, loadEntry, loadPolicy } from './loaded-policy.ts'
import { writtenToAsk } from './may-ask.ts'
import { entryOf, listOf, type TableOutline, tableOf, tableOutline } from './table-shape.ts'
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
    const table = yield* tableOf(yield* parseInSlices(json, tableOutline))
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
  const plans = callPlans(noPolicy)
  const byName = [...policies].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [order, written] of byName.entries()) {
    const policy = loadPolicy(context, written, order)
    plans.policies.push(policy)
    if (asks(written.unmatched) || asks(written.onError)) plans.asking.add(policy)
    for (const kind of callKinds) {
      for (const [position, entry] of written[listOf[kind]].entries()) {
        addEntry(plans.entries[kind], yield* waiting(plans, policy, entry, position))
      }
    }
  }
  return { digest, namespace: table.namespace, table, plans }
}

function asks({ action }: Fallback): boolean {
  return action === 'require_approval'
}

/**
 * An entry for the index, checked now and made ready at the first call that it concerns: a table of
 * thousands of entries then costs little more memory than its text. Long entries are made ready at once.
 */
function* waiting(
  { asking }: CallPlans,
  policy: LoadedPolicy,
  written: unknown,
  position: number,
): Generator<undefined, WaitingEntry> {
  const value: unknown = typeof written === 'string' ? JSON.parse(written) : written
  const source = yield* entryOf(value, policy.context.files.length)
  if (writtenToAsk(source)) asking.add(policy)
  const { match, server, notServer } = source
  const common = { match, server, notServer, policy, position }
  if (typeof written !== 'string') {
    const entry = yield* loadEntry(policy, source, position)
    return { ...common, ready: () => entry }
  }
  let entry: LoadedEntry | null = null
  const ready = () => {
    entry ??= finished(loadEntry(policy, JSON.parse(written), position))
    return entry
  }
  return { ...common, ready }
}

function finished<T>(steps: Generator<undefined, T>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
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
