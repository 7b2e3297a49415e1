import type { Account } from './account.ts'
import type { Client, Exchange } from './exchange.ts'
import { fromServer, verdictOn } from './gate.ts'
import type { Caller } from './needs.ts'
import { isObject, notificationJson } from './rpc.ts'
import { envelope, modernVersion } from './upstream/envelope.ts'
import type { Identity, Incoming } from './upstream/link.ts'

/** The client of one request of protocol version 2026-07-28: it cannot be asked, only told. */
export function statelessClient(caller: Caller, account: Account, identity: Identity): Client {
  return {
    era: 'modern',
    protocol: modernVersion,
    caller,
    account,
    identity,
    claim: () => true,
    follow: () => undefined,
    hear: () => undefined,
    relay: (exchange, _upstream, message) => relay(exchange, message),
  }
}

function relay({ params, say }: Exchange, { method, text, params: said, reply }: Incoming): void {
  if (reply !== undefined) {
    reply(
      method === 'ping'
        ? '"result":{}'
        : '"error":{"code":-32601,"message":"the client has no session and cannot be asked"}',
    )
    return
  }
  if (verdictOn(fromServer, method, 'modern') !== 'relay') return
  const meta = isObject(params._meta) ? params._meta : {}
  const { progressToken } = meta
  if (method === 'notifications/progress' && said.progressToken !== progressToken) return
  if (method === 'notifications/message' && meta[envelope.logLevel] === undefined) return
  say(notificationJson(method, text))
}
