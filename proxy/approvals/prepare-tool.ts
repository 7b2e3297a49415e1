import type { Firewall } from '../mcp/exchange.ts'
import { type Asker, type Judged, judge } from '../mcp/judge.ts'
import { type ToolCall, toolErrand, toolRefusal, toolSubject } from '../mcp/judged-tool.ts'
import type { Found, Offer } from '../mcp/offers.ts'
import { isObject } from '../mcp/rpc.ts'
import type { Era } from '../mcp/upstream/link.ts'
import type { ReadyCall, Sendable } from './ready-call.ts'

/** Makes a call of a tool ready by the table and the lists of this moment; `reason` is said apart from the arguments. */
export async function prepareTool(
  firewall: Firewall,
  asker: Asker,
  asked: ToolCall & { readonly reason?: string },
): Promise<ReadyCall> {
  const { client } = asker
  const found = await foundNow(firewall, client.caller.namespace, asked.name)
  const plain = toolSubject(firewall, asker, asked, found)
  const reason = asked.reason ?? ''
  const subject = reason === '' ? plain : { ...plain, justification: reason }
  const judged = judge(firewall, asker, subject)
  const refusal = toolRefusal(firewall, asker, judged, found)
  if (refusal === null) return readyTool(judged, found as Offer, client.era)
  const structured = typeof found === 'string' || found.item.outputSchema === undefined
  return { refusal, judged, structured }
}

/** People approve a call of the tool as it is, so its server is asked what it is. */
async function foundNow({ servers }: Firewall, namespace: string, name: string): Promise<Found> {
  const { tools } = await servers.freshOffers(namespace)
  const known = tools.get(name) ?? 'unknown'
  if (typeof known === 'string') return known
  const renewed = await servers.renewedOffers(namespace, known.upstream)
  return renewed.tools.get(name) ?? 'unknown'
}

/** A judged call of a tool that may be sent once people approve. */
function readyTool(judged: Judged, offer: Offer, era: Era): Sendable {
  const { inputSchema } = offer.item
  return {
    refusal: null,
    errand: toolErrand(judged, offer, era, []),
    ...(isObject(inputSchema) ? { inputSchema } : {}),
  }
}
