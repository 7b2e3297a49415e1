import { count } from '../mcp/account.ts'
import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { forward, isRepeated, refuse } from '../mcp/forward.ts'
import { refusalFor } from '../mcp/refusal.ts'
import type { ReadyCall } from './ready-call.ts'

/** Sends a call of a tool about which nobody need be asked, or refuses it. */
export function sendReady(
  firewall: Firewall,
  exchange: Exchange,
  ready: ReadyCall,
): Promise<Answer> {
  if (ready.refusal !== null) {
    return refuse(firewall, exchange, ready.judged, ready.refusal, ready.structured)
  }
  const { errand } = ready
  const { judged, structured } = errand
  if (isRepeated(firewall, exchange, judged)) {
    return refuse(firewall, exchange, judged, refusalFor('repeated_id', judged.subject), structured)
  }
  count(exchange.client.account, judged.subject.name)
  return forward(firewall, exchange, errand)
}
