import type { ProxyOwner, ProxyOwners } from '../proxy-owners.ts'
import type { Caller } from './caller.ts'
import { RequestFailure } from './problem-answer.ts'

/** The one namespace that the caller hears of and speaks for; null for all of them. Throws for who hears of none. */
export function scopeOf(caller: Caller): string | null {
  if (caller.role === 'proxy') return caller.namespace
  if (caller.role === 'admin' || caller.role === 'account') return null
  throw new RequestFailure(403, 'This is for proxies.')
}

/** Whether the caller may hear of a namespace. */
export function isInScope(caller: Caller, namespace: string): boolean {
  const scope = scopeOf(caller)
  return scope === null || scope === namespace
}

/** Throws a RequestFailure when the caller speaks of a namespace that is not its own. */
export function expectInScope(caller: Caller, namespaces: Iterable<string>): void {
  for (const namespace of namespaces) {
    if (!isInScope(caller, namespace)) {
      throw new RequestFailure(403, `Namespace ${namespace} is not yours.`, 'foreign_namespace')
    }
  }
}

/** Rejects unless the caller may go by the name of the proxy. */
export function expectProxy(
  owners: Pick<ProxyOwners, 'expect'>,
  caller: Caller,
  proxy: string,
): Promise<void> {
  return owners.expect(proxy, ownerIn(caller))
}

/** Who the caller is to those who remember whose a proxy is. */
export function ownerIn(caller: Caller): ProxyOwner {
  if (caller.role !== 'proxy') throw new RequestFailure(403, 'Only a proxy has a name of one.')
  const { namespace, pod } = caller
  return pod === undefined ? { namespace } : { namespace, pod }
}
