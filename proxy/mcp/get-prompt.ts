import { holdCall } from '../approvals/hold-call.ts'
import type { ReadyCall } from '../approvals/ready-call.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor } from './finish.ts'
import { type Errand, forward, refuse } from './forward.ts'
import { answersIn } from './input-rounds.ts'
import { type Asker, type Judged, judge, subjectOf } from './judge.ts'
import type { Offer } from './offers.ts'
import { refusalBy, refusalFor } from './refusal.ts'
import { codes, isObject, type JsonObject, textOf } from './rpc.ts'

const longestName = 4096

interface PromptCall {
  readonly name: string
  readonly args: JsonObject
}

/** `prompts/get`: judged with its arguments. */
export async function getPrompt(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  const { params } = exchange
  const name = textOf(params, 'name')
  const { arguments: args = {} } = params
  if (name === null || name === '' || name.length > longestName || !isObject(args)) {
    return answerError(exchange, codes.invalidParams, '`name` must be the name of a prompt')
  }
  const prepare = (asker: Asker) => prepared(firewall, asker, { name, args })
  const ready = await prepare(exchange)
  if (ready.refusal !== null) return refuse(firewall, exchange, ready.judged, ready.refusal)
  const { errand } = ready
  if (errand.judged.decision.action !== 'allow') {
    return holdCall(firewall, exchange, ready, prepare)
  }
  const answered = [...errand.request.params, ...answersIn(params)]
  return forward(firewall, exchange, {
    ...errand,
    request: { ...errand.request, params: answered },
  })
}

async function prepared(
  firewall: Firewall,
  asker: Asker,
  { name, args }: PromptCall,
): Promise<ReadyCall> {
  const { client } = asker
  const offers = await firewall.servers.freshOffers(client.caller.namespace)
  const found = offers.prompts.get(name) ?? 'unknown'
  const server = typeof found === 'string' ? '' : found.upstream.name
  const judged = judge(firewall, asker, { ...subjectOf('prompt', server, name), args })
  const { subject, decision } = judged
  const refusal = refusalBy(decision, subject)
  if (refusal !== null) return { refusal, judged, structured: false }
  if (typeof found !== 'string') return { refusal, errand: errandOf(judged, found, asker) }
  const obstacle = found === 'unknown' ? 'unknown_name' : 'ambiguous_name'
  return { refusal: refusalFor(obstacle, subject), judged, structured: false }
}

function errandOf(judged: Judged, { upstream, own }: Offer, { client }: Asker): Errand {
  return {
    judged,
    upstream,
    structured: false,
    request: {
      method: 'prompts/get',
      params: [
        ['name', JSON.stringify(own)],
        ['arguments', judged.canonical],
      ],
      name: own,
    },
    finish: finishFor(client.era),
  }
}
