import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { type Errand, refuse, writeDown } from '../mcp/forward.ts'
import { answerRefusal, refusalFor } from '../mcp/refusal.ts'
import { refusalByNews } from './asked-refusal.ts'
import { withApproval } from './collect.ts'
import { answerKept, type KeptAnswer, type Run } from './run.ts'

const keptMs = 3_600_000

/**
 * The answer to the same call that was released and whose client had gone before it heard the answer; waits for it while
 * that call is still under way. Null when there is none: then the call is a new question.
 */
export async function leftOver(
  firewall: Firewall,
  exchange: Exchange,
  { judged, structured }: Errand,
  digest: string,
): Promise<Answer | null> {
  const { requests } = firewall.approvals
  const request = requests.ofDigest(digest)
  const run = request?.run ?? null
  if (request === null || run === null || isHeard(run)) return null
  if (run.under) await underWay(run, exchange)
  const noted = withApproval(judged, request)
  if (run.under) {
    const refusal = refusalByNews(noted, request.news)
    return refuse(firewall, exchange, noted, refusal, structured)
  }
  const kept = keptIn(run, firewall.now())
  if (kept === null || isHeard(run)) return null
  run.reach = exchange.reach
  if (!(await writeDown(firewall, noted, { status: 'collected' }))) {
    return answerRefusal(exchange, refusalFor('no_record', judged.subject), judged, structured)
  }
  return answerKept(exchange, kept)
}

/** What a run came to, while it is kept. */
export function keptIn({ kept }: Run, now: number): KeptAnswer | null {
  return kept !== null && now - kept.at < keptMs ? kept : null
}

/** Whether the client of a run is there to hear the answer, or has heard it. */
function isHeard({ under, reach }: Run): boolean {
  return under ? reach.reachable : reach.delivered
}

function underWay(run: Run, { cancellation }: Exchange): Promise<void> {
  return new Promise(resolve => {
    cancellation.listen(resolve)
    void run.ended.then(() => {
      cancellation.listen(null)
      resolve()
    })
  })
}
