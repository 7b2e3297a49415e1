import type { PlanChange, PlanKind } from '../../schemas/plan.ts'
import type { At, RuleTable } from '../../schemas/rule-table.ts'
import { placeOf, type Tables } from './decision-changes.ts'

/** How something that has a name changed, in parts; in words that follow its name. */
export type Said = Pick<PlanChange, 'effect' | 'message'>

/** What it means when something of a kind comes, goes, or is not written as it was. */
export interface Meaning<T> {
  readonly kind: PlanKind
  readonly came: PlanChange['effect']
  readonly went: PlanChange['effect']
  readonly differs: (before: T, after: T) => readonly Said[]
}

interface Named {
  readonly name: string
  readonly at?: At
}

/** What came, went and is not as it was in two lists of named things. */
export function listChanges<T extends Named>(
  tables: Tables,
  [before, after]: readonly [readonly T[], readonly T[]],
  { kind, came, went, differs }: Meaning<T>,
): readonly PlanChange[] {
  const old = new Map(before.map(item => [item.name, item]))
  const now = new Map(after.map(item => [item.name, item]))
  const say = ({ effect, message }: Said, { name, at }: T, table: RuleTable): PlanChange => ({
    effect,
    kind,
    name,
    message: `${kind} ${name} ${message}`,
    ...(at && { at: placeOf(table, at) }),
  })
  return [
    ...before.flatMap(item =>
      now.has(item.name) ? [] : say({ effect: went, message: 'is gone' }, item, tables.before),
    ),
    ...after.flatMap(item => {
      const was = old.get(item.name)
      if (was === undefined) return say({ effect: came, message: 'is new' }, item, tables.after)
      if (content(was) === content(item)) return []
      return differs(was, item).map(said => say(said, item, tables.after))
    }),
  ]
}

/** All that a thing says; what people write into it may look like a place. */
function content(item: Named): string {
  return JSON.stringify(without(item, 'at'))
}

/** The fields of a thing but for some. */
export function without<T extends object>(
  item: T,
  ...fields: readonly (keyof T)[]
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(item).filter(([field]) => !fields.some(other => other === field)),
  )
}

/** Something changed that says nothing of what it lets through. */
export const otherwise: Said = { effect: 'either', message: 'is not as it was' }

/** Something changed that no decision depends on. */
export const unimportant: Said = { effect: 'neutral', message: 'is described in another way' }
