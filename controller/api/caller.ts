import type { ProxyOwner } from '../proxy-owners.ts'
import type { AccountCaller } from './accounts/account-caller.ts'
import type { Person } from './person.ts'

/** Who calls, as the API verified it. */
export type Caller =
  | { readonly role: 'nobody' }
  /** By the token of its pod it speaks for one namespace, by that of the installation for all of them (null). */
  | ({ readonly role: 'proxy' } & ProxyOwner)
  /** Never lets anybody in; told apart so that the record says whose key it was. */
  | { readonly role: 'agent'; readonly agent: string }
  /** Who runs Writ: reads everything, and decides as the person whom the token stands for. */
  | { readonly role: 'admin'; readonly person: Person | null }
  /** A User with a key: sees and decides in the namespaces that know the key. */
  | { readonly role: 'person'; readonly person: Person }
  /** Somebody who is signed in: its role says what opens, and decides as whom policies know by it. */
  | AccountCaller

/** What was verified, for the record. */
export function identityOf(caller: Caller): string {
  switch (caller.role) {
    case 'nobody':
      return 'no known key'
    case 'proxy':
      return caller.pod === undefined
        ? 'proxy token'
        : `token of the pod ${caller.namespace}/${caller.pod.name}`
    case 'agent':
      return `key of the agent ${caller.agent}`
    case 'admin':
      return 'admin token'
    case 'person':
    case 'account':
      return caller.person.identity
  }
}

/** The User that the caller is in a namespace; empty when it knows nobody there. */
export function userIn(caller: Caller, namespace: string): string {
  return ('person' in caller && caller.person?.users.get(namespace)) || ''
}

/** Namespaces whose requests the caller sees; null for all of them. */
export function namespacesOf(caller: Caller): readonly string[] | null {
  if (caller.role === 'admin' || caller.role === 'account') return null
  return caller.role === 'person' ? [...caller.person.users.keys()] : []
}

/** Whether the caller sees what happens in a namespace. */
export function sees(caller: Caller, namespace: string): boolean {
  if (caller.role === 'admin' || caller.role === 'account') return true
  return caller.role === 'person' && caller.person.users.has(namespace)
}
