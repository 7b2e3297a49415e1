import type { TableAgent } from '../../schemas/rule-table.ts'
import { type Said, without } from './resource-changes.ts'

/** How an agent changed: its keys, the pods that may call as it, and what is said of it. */
export function agentDiffers(before: TableAgent, after: TableAgent): readonly Said[] {
  const [was, is] = [before, after].map(agent => without(agent, 'apiKeys', 'serviceAccounts', 'at'))
  return [
    ...(JSON.stringify(was) === JSON.stringify(is) ? [] : [facts]),
    ...keyChanges(before.apiKeys, after.apiKeys),
    ...accountChanges(before.serviceAccounts, after.serviceAccounts),
  ]
}

const facts: Said = {
  effect: 'either',
  message: 'has another kind, owner, teams or labels, which conditions and budgets may read',
}

type Keys = TableAgent['apiKeys']

function keyChanges(before: Keys, after: Keys): readonly Said[] {
  const old = new Map(before.map(key => [key.name, key]))
  const kept = new Set(after.map(({ name }) => name))
  return [
    ...before
      .filter(({ name }) => !kept.has(name))
      .map(({ name }): Said => ({ effect: 'narrowing', message: `has no key ${name} any more` })),
    ...after.flatMap(key => keyDiffers(old.get(key.name), key)),
  ]
}

function keyDiffers(was: Keys[number] | undefined, is: Keys[number]): readonly Said[] {
  const message = `has the key ${is.name}`
  if (was?.sha256 !== is.sha256)
    return [{ effect: 'widening', message: `${message}, which is new` }]
  if (was.expires === is.expires) return []
  const sooner = instant(is) < instant(was)
  return [
    sooner
      ? { effect: 'narrowing', message: `${message}, which expires sooner` }
      : { effect: 'widening', message: `${message}, which lasts longer` },
  ]
}

function instant({ expires }: Keys[number]): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires)
}

function accountChanges(
  before: TableAgent['serviceAccounts'],
  after: TableAgent['serviceAccounts'],
): readonly Said[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const fewer = after?.every(name => before?.includes(name) ?? true) ?? false
  return [
    fewer
      ? { effect: 'narrowing', message: 'may be called as by pods of fewer service accounts' }
      : { effect: 'widening', message: 'may be called as by pods of other service accounts' },
  ]
}
