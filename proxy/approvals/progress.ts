import type { Exchange } from '../mcp/exchange.ts'
import { isObject, notificationJson } from '../mcp/rpc.ts'
import type { OpenRequest } from './open-request.ts'
import { peopleIn } from './pending-answer.ts'

const everyMs = 10_000

/**
 * Tells a client that asked for progress how the wait goes: at once whom it waits for, then every ten seconds and when
 * others are added. The total is how long the call is held, in seconds. Returns how to stop.
 */
export function sayProgress(
  { params, say }: Exchange,
  request: OpenRequest,
  heldMs: number,
  now: () => number,
): () => void {
  const { _meta: meta } = params
  const token = isObject(meta) ? meta.progressToken : undefined
  if (typeof token !== 'string' && typeof token !== 'number') return () => undefined
  const began = now()
  let said = { progress: -1, message: '' }
  const tell = () => {
    const progress = Math.min((now() - began) / 1000, heldMs / 1000)
    if (request.news.state !== 'pending' || progress <= said.progress) return
    said = { progress, message: messageOn(request) }
    const told = { progressToken: token, ...said, total: heldMs / 1000 }
    say(notificationJson('notifications/progress', JSON.stringify(told)))
  }
  tell()
  const timer = setInterval(tell, everyMs)
  const stop = request.onChange(() => {
    if (messageOn(request) !== said.message) tell()
  })
  return () => {
    clearInterval(timer)
    stop()
  }
}

function messageOn({ workflows, news }: OpenRequest): string {
  const { received, required, escalated } = news
  const more = escalated ? ', and those it was escalated to' : ''
  return `Waiting for approval by ${peopleIn(workflows)}${more}: ${received} of ${required} so far.`
}
