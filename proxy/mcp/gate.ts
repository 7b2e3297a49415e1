import type { Era } from './upstream/link.ts'

/**
 * What becomes of a message. `answer`: Writ answers it itself. `judge`: the rule table decides first.
 * `relay`: it is passed on, and only to the other end of the conversation it belongs to. `refuse`:
 * it goes nowhere; requests get -32601.
 */
export type Verdict = 'answer' | 'judge' | 'relay' | 'refuse'

interface Gate {
  readonly legacy: Verdict
  readonly modern: Verdict
}

const both = (verdict: Verdict): Gate => ({ legacy: verdict, modern: verdict })
const legacyOnly = (legacy: Verdict): Gate => ({ legacy, modern: 'refuse' })
const modernOnly = (modern: Verdict): Gate => ({ legacy: 'refuse', modern })

/** Every method a client may send; nothing else passes. */
export const fromClient: { readonly [method: string]: Gate } = {
  initialize: legacyOnly('answer'),
  ping: legacyOnly('answer'),
  'server/discover': modernOnly('answer'),
  'tools/list': both('answer'),
  'tools/call': both('judge'),
  'resources/list': both('answer'),
  'resources/templates/list': both('answer'),
  'resources/read': both('judge'),
  'resources/subscribe': legacyOnly('judge'),
  'resources/unsubscribe': legacyOnly('judge'),
  'subscriptions/listen': modernOnly('judge'),
  'prompts/list': both('answer'),
  'prompts/get': both('judge'),
  'completion/complete': both('judge'),
  'logging/setLevel': legacyOnly('answer'),
  'tasks/get': both('judge'),
  'tasks/list': legacyOnly('answer'),
  'tasks/result': legacyOnly('judge'),
  'tasks/update': modernOnly('answer'),
  'tasks/cancel': both('answer'),
  'notifications/initialized': legacyOnly('answer'),
  'notifications/cancelled': legacyOnly('relay'),
  'notifications/progress': both('refuse'),
  'notifications/roots/list_changed': legacyOnly('relay'),
  'notifications/tasks/status': both('refuse'),
}

/** Every method a server may send; the era is the client's. */
export const fromServer: { readonly [method: string]: Gate } = {
  ping: both('answer'),
  'sampling/createMessage': legacyOnly('relay'),
  'elicitation/create': legacyOnly('relay'),
  'roots/list': legacyOnly('relay'),
  'tasks/get': both('refuse'),
  'tasks/list': both('refuse'),
  'tasks/result': both('refuse'),
  'tasks/cancel': both('refuse'),
  'notifications/cancelled': legacyOnly('relay'),
  'notifications/progress': both('relay'),
  'notifications/message': both('relay'),
  'notifications/resources/updated': both('relay'),
  'notifications/resources/list_changed': both('answer'),
  'notifications/tools/list_changed': both('answer'),
  'notifications/prompts/list_changed': both('answer'),
  'notifications/elicitation/complete': legacyOnly('relay'),
  'notifications/subscriptions/acknowledged': both('answer'),
  'notifications/tasks/status': both('refuse'),
}

/** The one gate: the verdict on a method, `refuse` for every method that is not known. */
export function verdictOn(
  gates: { readonly [method: string]: Gate },
  method: string,
  era: Era,
): Verdict {
  const gate = Object.hasOwn(gates, method) ? gates[method] : undefined
  return gate === undefined ? 'refuse' : gate[era]
}
