import type {
  Expression,
  Identifier,
  Index,
  ListExpression,
  MapExpression,
  NumberAs,
  Select,
} from '../../../schemas/expression.ts'
import type { Facts } from '../facts.ts'
import { planSimple } from '../simple-condition.ts'
import { int } from './arithmetic.ts'
import { isMap, lookup, mapKey } from './equal.ts'
import { type At, type Eval, fieldOf, isFault, isPlain, located, type Names } from './eval.ts'
import { literalValue } from './literal-value.ts'
import { planCall } from './plan-call.ts'
import { planComprehension } from './plan-comprehension.ts'
import { timestampOfMillis } from './time.ts'
import {
  CelMap,
  Fault,
  type MapKey,
  nowhere,
  type Outcome,
  TypeName,
  typeNames,
  typeOf,
  type Value,
} from './value.ts'

const unknown = new Fault('is known only once the call is made', nowhere, true)

/** Turns an expression into closures; whatever it is, evaluating it gives an outcome. */
export function planExpression(node: Expression, names: Names): Eval {
  const run = planNode(node, names)
  return names.guard === undefined ? run : names.guard(run)
}

function planNode(node: Expression, names: Names): Eval {
  switch (node.op) {
    case 'null':
    case 'bool':
    case 'int':
    case 'uint':
    case 'double':
    case 'string':
    case 'bytes':
      return constant(literalValue(node))
    case 'ident':
      return planIdentifier(node, names)
    case 'select':
      return planSelect(node, names)
    case 'index':
      return planIndex(node, names)
    case 'call':
      return planCall(node, names, planExpression)
    case 'list':
      return planList(node, names)
    case 'map':
      return planMap(node, names)
    case 'simple':
      return planSimpleCondition(planSimple(node), names)
    case 'all':
    case 'exists':
    case 'exists_one':
    case 'map_items':
    case 'filter':
      return planComprehension(node, names, planExpression)
  }
}

function constant(value: Outcome): Eval {
  return () => value
}

function planIdentifier({ name, at, as }: Identifier, { slots, variable }: Names): Eval {
  const slot = slots.lastIndexOf(name)
  if (slot >= 0) return readAs((_, frame) => frame.slots[slot] as Value, as, at)
  switch (variable(name)) {
    case 'known':
      return scope => scope[name] as Value
    case 'unknown':
      return constant(unknown)
    case 'none':
      return constant(
        typeNames.has(name) ? new TypeName(name) : new Fault(`there is no variable ${name}`, at),
      )
  }
}

function planSelect({ of, field, test, as, at }: Select, names: Names): Eval {
  const root = of.op === 'ident' && !names.slots.includes(of.name) ? of.name : null
  if (isLater(of, field, names)) return constant(unknown)
  const base = planExpression(of, names)
  if (test) return (scope, frame) => hasField(base(scope, frame), field, at)
  const missing = new Fault(`there is no field ${field}`, at)
  const read: Eval =
    root !== null && names.variable(root) === 'known'
      ? scope => fieldOf(scope[root] as Value, field, missing)
      : (scope, frame) => fieldOf(base(scope, frame), field, missing)
  return readAs(read, as, at)
}

/** Whether the field is one, such as `request.time`, that is not known yet. */
function isLater(of: Expression, field: string, { slots, variable }: Names): boolean {
  if (of.op !== 'ident' || slots.includes(of.name)) return false
  return variable(`${of.name}.${field}`) === 'unknown'
}

function hasField(base: Outcome, field: string, at: At): Outcome {
  if (isPlain(base)) return Object.hasOwn(base, field)
  if (isFault(base)) return base
  if (isMap(base)) return lookup(base, field) !== undefined
  return new Fault(`has() looks for a field in ${typeOf(base)}, which has none`, at)
}

function planIndex({ of, key, as, at }: Index, names: Names): Eval {
  if (key.op === 'string' && isLater(of, key.value, names)) return constant(unknown)
  const args = [of, key]
  return readAs(planCall({ op: 'call', fn: '_[_]', args, at }, names, planExpression), as, at)
}

/** Reads JSON numbers as what the schema says they are; anything else stays what it is. */
function readAs(read: Eval, as: NumberAs | undefined, at: At): Eval {
  if (as === undefined) return read
  const convert = as === 'int' ? wholeNumber : (value: number) => timestampOfMillis(value)
  return (scope, frame) => {
    const value = read(scope, frame)
    if (typeof value !== 'number') return value
    return convert(value) ?? new Fault(`the number is no ${as}`, at)
  }
}

function wholeNumber(value: number): Outcome {
  return Number.isInteger(value) ? int(BigInt(value)) : value
}

function planList({ items }: ListExpression, names: Names): Eval {
  const plans = items.map(item => planExpression(item, names))
  return (scope, frame) => {
    const values: Value[] = []
    for (const plan of plans) {
      const value = plan(scope, frame)
      if (isFault(value)) return value
      values.push(value)
    }
    return values
  }
}

function planMap({ entries, at }: MapExpression, names: Names): Eval {
  const plans = entries.map(
    ([key, value]) => [planExpression(key, names), planExpression(value, names)] as const,
  )
  return (scope, frame) => {
    const map = new Map<MapKey, readonly [Value, Value]>()
    for (const [planKey, planValue] of plans) {
      const key = planKey(scope, frame)
      if (isFault(key)) return key
      const value = planValue(scope, frame)
      if (isFault(value)) return value
      const fault = put(map, key, value)
      if (fault !== null) return located(fault, at)
    }
    return new CelMap(map)
  }
}

function put(map: Map<MapKey, readonly [Value, Value]>, key: Value, value: Value): Fault | null {
  const found = typeof key === 'number' ? undefined : mapKey(key)
  if (found === undefined) return new Fault(`${typeOf(key)} cannot be a key of a map`)
  if (map.has(found)) return new Fault('a key of the map is there twice')
  map.set(found, [key, value])
  return null
}

function planSimpleCondition(holds: (facts: Facts) => boolean, names: Names): Eval {
  if (names.variable('args') === 'unknown') return constant(unknown)
  return scope => holds(scope as unknown as Facts)
}
