import type { SilentRule } from '../../schemas/coverage.ts'

/** The rules that decided nothing in a namespace, and all that are in force there, by `ruleKey`. */
interface InNamespace {
  readonly silent: readonly SilentRule[]
  readonly rules: ReadonlySet<string>
}

type Named = Pick<SilentRule, 'namespace' | 'policy' | 'rule' | 'kind' | 'match' | 'server' | 'at'>

/** Tells rules apart; one of the system namespace is the same wherever it is in force. */
export function ruleKey({ namespace, policy, rule, kind, match, server, at }: Named): string {
  return JSON.stringify([
    policy.includes('/') ? policy : `${namespace}/${policy}`,
    ...[rule, kind, match, server, at],
  ])
}

/** Rules that decided nothing in any namespace where they are in force, each of them once. */
export function silentEverywhere(found: readonly InNamespace[]): readonly SilentRule[] {
  const items = found.flatMap(({ silent }) => silent)
  return [...Map.groupBy(items, ruleKey)].flatMap(([key, some]) => {
    const [first] = some
    const places = found.filter(({ rules }) => rules.has(key)).length
    if (first === undefined || some.length < places) return []
    return some.length === 1 ? first : asOne(first, some)
  })
}

/** One for all: what is known of it is known since it is known in every namespace. */
function asOne(first: SilentRule, items: readonly SilentRule[]): SilentRule {
  const told = items.find(({ calls }) => calls > 0) ?? first
  const lender = items.map(({ policy }) => policy.split('/')).find(({ length }) => length === 2)
  const [namespace, policy] = lender ?? []
  return {
    ...told,
    ...(namespace !== undefined && policy !== undefined && { namespace, policy }),
    since: new Date(Math.max(...items.map(({ since }) => Date.parse(since)))).toISOString(),
    calls: items.reduce((sum, { calls }) => sum + calls, 0),
  }
}
