import { builtin } from '../../schemas/builtin-tool.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import { type Draw, drawsOf } from './amounts.ts'
import type { Recorded } from './recorded.ts'
import type { Bill } from './shard-messages.ts'
import type { Side } from './side.ts'
import { isOfPolicies } from './what-was-decided.ts'

type Sides = ReadonlyMap<string, Side>

/** A call of which only the attempt has been read; without arguments, which may be long. */
interface Open {
  readonly attempt: Entry
  readonly time: number | null
  /** What would be decided; null when nobody knows. */
  readonly action: Decision['action'] | null
  /** Whether its request for approval stood in an earlier attempt. */
  readonly again: boolean
}

const mostOpen = 20_000

/** Puts attempts and outcomes together, and says what each call would have taken from budgets. */
export class OpenCalls {
  readonly #open = new Map<string, Open>()

  /** Takes an attempt; what it returns are the bills of calls that are not waited for any longer, or cannot be. */
  begin(
    { entry, time, written }: Recorded,
    decision: Decision | null,
    again: boolean,
    line: number,
    sides: Sides,
  ): readonly Bill[] {
    const { args: _, ...attempt } = entry
    const open: Open = { attempt, time, action: decision?.action ?? null, again }
    if (entry.server === builtin) return none
    if (written) return billed(open, null, line, sides)
    this.#open.set(keyOf(entry), open)
    const [[key, oldest] = [null, null]] = this.#open
    if (this.#open.size <= mostOpen || key === null || oldest === null) return none
    this.#open.delete(key)
    return lost(oldest, line, sides)
  }

  /** Takes an outcome, and says what its call would have taken. */
  end({ entry }: Recorded, line: number, sides: Sides): readonly Bill[] {
    const open = this.#open.get(keyOf(entry))
    if (open === undefined) return none
    this.#open.delete(keyOf(entry))
    if (wasMade(entry, open.attempt)) return billed(open, entry, line, sides)
    return wouldBeMade(open, entry) ? billed(open, null, line, sides) : none
  }

  /** The bills of all that are still waited for. */
  left(line: number, sides: Sides): readonly Bill[] {
    const bills = [...this.#open.values()].flatMap(open => lost(open, line, sides))
    this.#open.clear()
    return bills
  }
}

const none: readonly never[] = []

function keyOf({ proxy, call }: Entry): string {
  return `${proxy} ${call}`
}

/** Nobody knows how it ended; what was set aside for it was charged. */
function lost(open: Open, line: number, sides: Sides): readonly Bill[] {
  return open.attempt.charges === undefined ? none : billed(open, null, line, sides)
}

function billed(open: Open, ended: Entry | null, line: number, sides: Sides): readonly Bill[] {
  const { attempt, time, action } = open
  const { kind, namespace, endpoint = '' } = attempt
  const free = (kind !== 'tool' && kind !== 'model') || endpoint.endsWith('/count_tokens')
  const side = sides.get(namespace)
  if (free || action === 'deny' || side === undefined || side.budgets.length === 0) return none
  const draws = drawsOf(side, { ended, attempt }, time)
  if (draws?.length === 0) return none
  const costMicroUsd = ended?.costMicroUsd ?? 0
  const sure = action === null && draws !== null ? draws.map(unsure) : draws
  return [{ line, namespace, time, costMicroUsd, draws: sure }]
}

/** Whether the call would be made is not known, so neither is what it would take. */
function unsure(draw: Draw): Draw {
  return { ...draw, amount: null }
}

/** Whether the call went out, as far as it was charged for. */
function wasMade({ status, kind, usage, resultDigest }: Entry, { charges }: Entry): boolean {
  if (status === 'succeeded' || status === 'unknown') return true
  if (status === 'cancelled') return kind !== 'model' || charges !== undefined
  // What failed without an answer was never sent.
  return status === 'failed' && (usage !== undefined || resultDigest !== undefined)
}

const unpaid: ReadonlySet<string> = new Set([
  'budget_exceeded',
  'budget_unavailable',
  'price_unknown',
])

/** Whether a call that policies or budgets refused would go out now without asking anybody. */
function wouldBeMade({ action, again }: Open, { reason, status }: Entry): boolean {
  const refused = status === 'refused' || status === 'pending'
  return action === 'allow' && !again && refused && (isOfPolicies(reason) || unpaid.has(reason))
}
