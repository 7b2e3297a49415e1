import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { type Errand, isRepeated, refuse } from '../mcp/forward.ts'
import type { Asker, JudgedCall } from '../mcp/judge.ts'
import type { Tables } from '../mcp/needs.ts'
import { type Refusal, refusalFor } from '../mcp/refusal.ts'
import { callDigest } from './call-digest.ts'
import { Claim } from './claim.ts'
import type { OpenRequest } from './open-request.ts'
import type { Prepare } from './ready-call.ts'

const mostTries = 5
const patienceMs = 1000

/**
 * Makes an approved call: judges it once more by what is in force, claims the approval, sends it once, and keeps what it
 * came to. `call` is the id that the call has in the records already, if any.
 */
export async function collect(
  firewall: Firewall,
  exchange: Exchange,
  request: OpenRequest,
  prepare: Prepare,
  call?: string,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const first = tries === 1
    const { answer, stale } = await attempt(firewall, exchange, request, prepare, {
      first,
      ...(first && call !== undefined && { call }),
    })
    if (!stale || tries === mostTries) return answer
    await swap(firewall.tables, request.owner.namespace)
  }
}

interface Attempt {
  readonly answer: Answer
  /** Whether another table is in force at the controller, by which the call is to be judged. */
  readonly stale: boolean
}

async function attempt(
  firewall: Firewall,
  exchange: Exchange,
  request: OpenRequest,
  prepare: Prepare,
  { first, call }: { readonly first: boolean; readonly call?: string },
): Promise<Attempt> {
  const asker = askerNow(firewall, exchange, request)
  const ready = await prepare(asker)
  const { judged: plain, structured } = ready.refusal === null ? ready.errand : ready
  const judged = withApproval(plain, request, call)
  const stop = async (refusal: Refusal) => {
    const answer = await refuse(firewall, exchange, judged, refusal, structured)
    return { answer, stale: false }
  }
  if (ready.refusal !== null) return stop(ready.refusal)
  if (first && isRepeated(firewall, exchange, judged)) {
    return stop(refusalFor('repeated_id', judged.subject))
  }
  const sendable = { ...ready, errand: { ...ready.errand, judged } }
  const away = await whyAway(exchange, sendable.errand)
  if (away !== null) return stop(away)
  const digest = callDigest(asker.client.caller, sendable)
  const claim = new Claim(firewall, exchange, { request, ready: sendable, digest, prepare })
  return { answer: await claim.run(), stale: claim.stale }
}

/** A judged call with the request by which it was released, or for which it waits. */
export function withApproval<J extends JudgedCall>(
  judged: J,
  request: OpenRequest,
  call = judged.call,
): J {
  const { approvedBy } = request.news
  const entry = {
    ...judged.entry,
    call,
    approval: request.id,
    ...(approvedBy.length === 0 ? {} : { approvedBy }),
  }
  return { ...judged, call, entry }
}

/** Who asks, by the table now in force: a key may have been revoked, or its agent changed, since the client last spoke. */
export function askerNow(
  { tables, now }: Firewall,
  { client, params, trace }: Exchange,
  request: OpenRequest,
): Asker {
  const { keySha256, namespace } = request.owner
  const caller = tables.caller(keySha256, now())
  const { account, protocol, era } = client
  const known = caller !== null && caller.namespace === namespace ? caller : client.caller
  return { client: { caller: known, account, protocol, era }, params, trace }
}

/** Whether the server can be reached: an approval is not spent on a call that cannot be made. */
async function whyAway(
  { client }: Exchange,
  { upstream, judged }: Errand,
): Promise<Refusal | null> {
  try {
    if (upstream.ready(client) === null) await upstream.link(client)
    return null
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'it does not answer'
    return refusalFor('upstream_away', judged.subject, detail)
  }
}

/** Settles after the next table of the namespace, or when that takes too long. */
function swap(tables: Tables, namespace: string): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(end, patienceMs)
    const stop = tables.subscribe(changed => {
      if (changed === namespace) end()
    })
  })
}
