import { mayAsk } from '../../policy/decide/may-ask.ts'
import {
  type Answer,
  answerError,
  answerWith,
  type Exchange,
  type Firewall,
} from '../mcp/exchange.ts'
import { refuse, writeDown } from '../mcp/forward.ts'
import { factsOf } from '../mcp/judge.ts'
import { answerRefusal, refusalFor } from '../mcp/refusal.ts'
import { codes, isObject } from '../mcp/rpc.ts'
import { runReady } from './advance-task.ts'
import { refusalWithout } from './asked-refusal.ts'
import { callDigest, ownerOf } from './call-digest.ts'
import { withApproval } from './collect.ts'
import { ask } from './hold-call.ts'
import type { OpenRequest } from './open-request.ts'
import { pendingText } from './pending-answer.ts'
import type { Prepare, ReadyCall, Sendable } from './ready-call.ts'
import type { Task } from './task.ts'
import { legacyTask } from './task-shape.ts'

/** `tools/call` of protocol 2025-11-25 with `task`, of a tool that people may be asked about: answered with a task at once. */
export async function callAsTask(
  firewall: Firewall,
  exchange: Exchange,
  prepare: Prepare,
): Promise<Answer> {
  if (!isObject(exchange.params.task)) {
    return answerError(exchange, codes.invalidParams, '`task` must be an object')
  }
  const ready = await prepare(exchange)
  if (!asksAbout(firewall, exchange, ready)) {
    const problem = 'this tool is not called as a task: call it without `task`'
    return answerError(exchange, codes.methodNotFound, problem)
  }
  if (ready.refusal === null && ready.errand.judged.decision.action === 'require_approval') {
    return asked(firewall, exchange, ready, prepare)
  }
  const task = open(firewall, exchange, prepare, null)
  if (task === null) return crowded(exchange)
  const answer = created(firewall, exchange, task)
  runReady(firewall, exchange, task, ready)
  return answer
}

function asksAbout({ tables, now }: Firewall, { client }: Exchange, ready: ReadyCall): boolean {
  const { subject } = ready.refusal === null ? ready.errand.judged : ready.judged
  const table = tables.current(client.caller.namespace)
  return table !== null && mayAsk(table, factsOf(client, subject, now()))
}

async function asked(
  firewall: Firewall,
  exchange: Exchange,
  ready: Sendable,
  prepare: Prepare,
): Promise<Answer> {
  const { judged, structured } = ready.errand
  let request: OpenRequest
  try {
    request = await ask(firewall, exchange, ready, callDigest(exchange.client.caller, ready))
  } catch (error) {
    return refuse(firewall, exchange, judged, refusalWithout(judged, error), structured)
  }
  const noted = withApproval(judged, request)
  if (!(await writeDown(firewall, noted, { status: 'pending' }))) {
    return answerRefusal(exchange, refusalFor('no_record', judged.subject), judged, structured)
  }
  const task = open(firewall, exchange, prepare, request)
  if (task === null) return crowded(exchange)
  return created(firewall, exchange, task, pendingText(noted, request, firewall.now()))
}

function open(
  { approvals }: Firewall,
  exchange: Exchange,
  prepare: Prepare,
  request: OpenRequest | null,
): Task | null {
  const owner = ownerOf(exchange.client.caller)
  return approvals.tasks.open({ owner, exchange, prepare, request })
}

function crowded(exchange: Exchange): Answer {
  return answerError(exchange, codes.internal, 'too many tasks are open for this key')
}

/** What the model is told meanwhile stands where hosts look for it. */
function created({ now }: Firewall, exchange: Exchange, task: Task, text = ''): Answer {
  const meta = { 'io.modelcontextprotocol/model-immediate-response': text }
  return answerWith(exchange, {
    task: legacyTask(task, now()),
    ...(text === '' ? {} : { _meta: meta }),
  })
}
