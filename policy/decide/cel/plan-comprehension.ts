import type { Comprehension, Expression } from '../../../schemas/expression.ts'
import { isMap, keysOf } from './equal.ts'
import { type At, type Eval, isFault, type Names, notBool, type Scope, stronger } from './eval.ts'
import { type Frame, spend } from './frame.ts'
import { Fault, isList, type Outcome, typeOf, type Value } from './value.ts'

interface Loop {
  readonly each: Eval
  /** Which items `map` takes; all when null. */
  readonly where: Eval | null
  /** Where the variable lives in the frame. */
  readonly slot: number
  /** Steps per item. */
  readonly cost: number
  readonly at: At
}

type Run = (loop: Loop, items: readonly Value[], scope: Scope, frame: Frame) => Outcome

const runs: Record<Comprehension['op'], Run> = {
  all: (loop, items, scope, frame) => quantify(false, loop, items, scope, frame),
  exists: (loop, items, scope, frame) => quantify(true, loop, items, scope, frame),
  exists_one: existsOne,
  map_items: mapItems,
  filter,
}

/** Turns a macro into a loop over the items of a list or the keys of a map. */
export function planComprehension(
  node: Comprehension,
  names: Names,
  plan: (node: Expression, names: Names) => Eval,
): Eval {
  const over = plan(node.over, names)
  const slot = names.slots.length
  const inner = { ...names, slots: [...names.slots, node.variable] }
  const each = plan(node.each, inner)
  const where = node.where === undefined ? null : plan(node.where, inner)
  const loop = { each, where, slot, cost: count([node.each, node.where]), at: node.each.at }
  const run = runs[node.op]
  const notIterable = (value: Value) =>
    new Fault(`a macro goes over a list or a map, not ${typeOf(value)}`, node.over.at)
  return (scope, frame) => {
    const range = over(scope, frame)
    if (isFault(range)) return range
    if (!isList(range) && !isMap(range)) return notIterable(range)
    const items = isList(range) ? range : keysOf(range, frame)
    const outcome = run(loop, items, scope, frame)
    frame.slots[slot] = null
    return outcome
  }
}

function count(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0
  const below = Object.values(node).reduce<number>((sum, child) => sum + count(child), 0)
  return 'op' in node ? below + 1 : below
}

function enter({ slot, cost }: Loop, item: Value, frame: Frame): void {
  spend(frame, cost)
  frame.slots[slot] = item
}

/** `all` and `exists`: one decisive answer settles it, whatever failed; else a failure counts. */
function quantify(
  decisive: boolean,
  loop: Loop,
  items: readonly Value[],
  scope: Scope,
  frame: Frame,
): Outcome {
  let fault: Fault | null = null
  for (const item of items) {
    enter(loop, item, frame)
    const answer = loop.each(scope, frame)
    if (answer === decisive) return decisive
    if (typeof answer !== 'boolean') {
      fault = stronger(fault, isFault(answer) ? answer : notBool(answer, loop.at))
    }
  }
  return fault ?? !decisive
}

function existsOne(loop: Loop, items: readonly Value[], scope: Scope, frame: Frame): Outcome {
  const found = filter(loop, items, scope, frame)
  return isList(found) ? found.length === 1 : found
}

function filter(loop: Loop, items: readonly Value[], scope: Scope, frame: Frame): Outcome {
  const taken: Value[] = []
  for (const item of items) {
    enter(loop, item, frame)
    const answer = loop.each(scope, frame)
    if (typeof answer !== 'boolean') return isFault(answer) ? answer : notBool(answer, loop.at)
    if (answer) taken.push(item)
  }
  return taken
}

function mapItems(loop: Loop, items: readonly Value[], scope: Scope, frame: Frame): Outcome {
  const taken =
    loop.where === null ? items : filter({ ...loop, each: loop.where }, items, scope, frame)
  if (!isList(taken)) return taken
  const made: Value[] = []
  for (const item of taken) {
    enter(loop, item, frame)
    const value = loop.each(scope, frame)
    if (isFault(value)) return value
    made.push(value)
  }
  return made
}
