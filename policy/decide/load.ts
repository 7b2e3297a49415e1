import { createHash } from 'node:crypto'
import { callKinds } from '../../schemas/call.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { type CallPlans, callPlans } from './call-plan.ts'
import { newFrame } from './cel/frame.ts'
import { addEntry } from './entry-index.ts'
import { parseInSlices } from './json-slices.ts'
import { entriesOf, loadEntry, loadPolicy } from './loaded-policy.ts'
import { tableOf } from './table-shape.ts'
import { verdict } from './verdict.ts'

/** A rule table made ready to judge calls; what is not named here is for policy/decide alone. */
export interface LoadedTable {
  /** `sha256:` and the hash of the canonical JSON in hex. */
  readonly digest: string
  readonly namespace: string
  readonly table: RuleTable
  readonly plans: CallPlans
}

/** Makes a table ready from its canonical JSON; throws a TypeError when it is malformed. */
export function load(json: string): LoadedTable {
  const steps = loading(json)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** What `load` does, in steps well under 2 ms each, so that calls can be answered in between. */
export function* loading(json: string): Generator<undefined, LoadedTable> {
  try {
    const digest = yield* digestOf(json)
    const table = yield* tableOf(yield* parseInSlices(json))
    return yield* ready(table, digest)
  } catch (cause) {
    if (cause instanceof TypeError) throw cause
    throw new TypeError('malformed rule table: not JSON', { cause })
  }
}

function* ready(table: RuleTable, digest: string): Generator<undefined, LoadedTable> {
  const context = { files: table.files, digest, frame: newFrame() }
  const noPolicy = verdict(context, 0, { action: 'deny', workflows: [] }, { reason: 'no_policy' })
  const plans = callPlans(noPolicy)
  const byName = [...table.policies].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [order, source] of byName.entries()) {
    const policy = loadPolicy(context, source, order)
    plans.policies.push(policy)
    for (const kind of callKinds) {
      for (const [position, entry] of entriesOf[kind](source).entries()) {
        addEntry(plans.entries[kind], yield* loadEntry(policy, entry, position))
      }
    }
  }
  return { digest, namespace: table.namespace, table, plans }
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
