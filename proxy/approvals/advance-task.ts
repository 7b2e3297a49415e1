import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { refuse } from '../mcp/forward.ts'
import { refusalByNews } from './asked-refusal.ts'
import { askerNow, collect, withApproval } from './collect.ts'
import type { OpenRequest } from './open-request.ts'
import type { ReadyCall } from './ready-call.ts'
import { keptOf } from './run.ts'
import { sendReady } from './send-ready.ts'
import type { Task } from './task.ts'

/** Takes a task one step on for a client that looks at it: makes its call once that is approved, and ends it once it is not. */
export async function advance(firewall: Firewall, exchange: Exchange, task: Task): Promise<void> {
  const { request } = task
  const { questions } = firewall.approvals
  if (request === null || task.state !== 'open') return
  if (!questions.live && !request.resolved) {
    // Without the controller the task stays as it is known.
    request.hear(await questions.look(request.id).catch(() => request.news))
  }
  if (task.state !== 'open' || request.news.state === 'pending') return
  // It ends once it can be done, or is turned down: a halt does neither.
  if (firewall.halts.on(exchange.client.caller, 'tool') !== null) return
  run(firewall, task, () =>
    request.news.state === 'approved'
      ? collect(firewall, task.detached(exchange), request, task.prepare)
      : turnDown(firewall, exchange, task, request),
  )
}

/** Makes the call of a task that nobody need be asked about, or refuses it. */
export function runReady(
  firewall: Firewall,
  exchange: Exchange,
  task: Task,
  ready: ReadyCall,
): void {
  run(firewall, task, () => sendReady(firewall, task.detached(exchange), ready))
}

function run(firewall: Firewall, task: Task, make: () => Promise<Answer>): void {
  const { now, approvals } = firewall
  task.change('running', now())
  make().then(
    answer => approvals.tasks.end(task, keptOf(answer, now())),
    () => approvals.tasks.end(task, null),
  )
}

async function turnDown(
  firewall: Firewall,
  exchange: Exchange,
  task: Task,
  request: OpenRequest,
): Promise<Answer> {
  const ready = await task.prepare(askerNow(firewall, exchange, request))
  const { judged, structured } = ready.refusal === null ? ready.errand : ready
  const refusal = ready.refusal ?? refusalByNews(judged, request.news)
  const noted = withApproval(judged, request)
  return refuse(firewall, task.detached(exchange), noted, refusal, structured)
}
