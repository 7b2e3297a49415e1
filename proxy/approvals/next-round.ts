import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { type Errand, forward } from '../mcp/forward.ts'
import { answersIn } from '../mcp/input-rounds.ts'
import { withApproval } from './collect.ts'
import type { Round } from './rounds.ts'

/** Makes the next round of a call that is released already: its server has asked, and the client answers. */
export function nextRound(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
  round: Round,
): Promise<Answer> {
  return forward(firewall, exchange, {
    ...errand,
    judged: withApproval(errand.judged, round.request),
    request: {
      ...errand.request,
      params: [...errand.request.params, ...answersIn(exchange.params)],
    },
    finish: reply => {
      firewall.approvals.rounds.remember(round, reply.value)
      return errand.finish(reply)
    },
  })
}
