import { answersIn } from './call-tool.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor } from './finish.ts'
import { forward, refuse } from './forward.ts'
import { judge, subjectOf } from './judge.ts'
import { refusalBy, refusalFor } from './refusal.ts'
import { codes, isObject, textOf } from './rpc.ts'

const longestName = 4096

/** `prompts/get`: judged with its arguments. */
export async function getPrompt(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  const { client, params } = exchange
  const name = textOf(params, 'name')
  const { arguments: args = {} } = params
  if (name === null || name === '' || name.length > longestName || !isObject(args)) {
    return answerError(exchange, codes.invalidParams, '`name` must be the name of a prompt')
  }
  const offers = await firewall.servers.freshOffers(client.caller.namespace)
  const found = offers.prompts.get(name) ?? 'unknown'
  const server = typeof found === 'string' ? '' : found.upstream.name
  const judged = judge(firewall, exchange, { ...subjectOf('prompt', server, name), args })
  const { subject, decision } = judged
  const refusal = refusalBy(decision, subject)
  if (refusal !== null) return refuse(firewall, exchange, judged, refusal)
  if (typeof found === 'string') {
    const obstacle = found === 'unknown' ? 'unknown_name' : 'ambiguous_name'
    return refuse(firewall, exchange, judged, refusalFor(obstacle, subject))
  }
  return forward(firewall, exchange, {
    judged,
    upstream: found.upstream,
    structured: false,
    request: {
      method: 'prompts/get',
      params: [
        ['name', JSON.stringify(found.own)],
        ['arguments', judged.canonical],
        ...answersIn(params),
      ],
      name: found.own,
    },
    finish: finishFor(client.era),
  })
}
