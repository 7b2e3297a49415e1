import {
  type Answer,
  answerError,
  answerWith,
  type Exchange,
  type Firewall,
  type Handle,
} from '../mcp/exchange.ts'
import { codes, type JsonObject, textOf } from '../mcp/rpc.ts'
import { advance } from './advance-task.ts'
import { ownerOf } from './call-digest.ts'
import { answerKept, type KeptAnswer } from './run.ts'
import type { Task } from './task.ts'
import { knowsTasks, legacyTask, modernTask, relatedTask, tasksExtension } from './task-shape.ts'

/** A poll waits so long for a call that it has begun. */
const patienceMs = 2000

/** `tasks/get`: how a task stands; the first look after the approval makes its call. */
export const getTask: Handle = withTask(async (firewall, exchange, task) => {
  await advance(firewall, exchange, task)
  if (task.state === 'running') await within(patienceMs, task.changed(exchange.cancellation))
  return answerTask(firewall, exchange, task)
})

/** `tasks/result`: waits until the task is over, and answers what the call itself would have been answered. */
export const taskResult: Handle = withTask(async (firewall, exchange, task) => {
  const { cancellation, reach } = exchange
  while (!task.over && !cancellation.aborted && reach.reachable) {
    await advance(firewall, exchange, task)
    if (!task.over) await task.changed(cancellation)
  }
  if (task.state === 'cancelled') return answerError(exchange, codes.refused, 'Task cancelled')
  const { answer } = task
  if (answer === null) return answerError(exchange, codes.invalidParams, 'Task has expired')
  task.handOver()
  return answerKept(exchange, related(answer, task))
})

/** `tasks/list`: all tasks of the caller, in one page. */
export const listTasks: Handle = (firewall, exchange) => {
  const { client, params } = exchange
  if (!knowsTasks(client)) return unknownMethod(exchange)
  if (params.cursor !== undefined) {
    return answerError(exchange, codes.invalidParams, 'there is no further page')
  }
  const { tasks } = firewall.approvals
  const now = firewall.now()
  const own = tasks.of(ownerOf(client.caller)).filter(task => now - task.createdAt < task.ttlMs)
  return answerWith(exchange, { tasks: own.map(task => legacyTask(task, now)) })
}

/** `tasks/cancel`: the call is not made, or is given up; the question to people stands. */
export const cancelTask: Handle = withTask(async (firewall, exchange, task) => {
  const modern = exchange.client.era === 'modern'
  if (task.over && !modern) {
    return answerError(exchange, codes.invalidParams, `The task is ${task.state} already.`)
  }
  task.change('cancelled', firewall.now())
  task.cancellation.abort()
  return modern ? answerWith(exchange, {}) : answerTask(firewall, exchange, task)
})

/** `tasks/update`: no task of Writ asks its client anything, so there is nothing to take. */
export const updateTask: Handle = withTask(async (_firewall, exchange) => answerWith(exchange, {}))

function withTask(
  handle: (firewall: Firewall, exchange: Exchange, task: Task) => Promise<Answer>,
): Handle {
  return (firewall, exchange) => {
    const { client, params } = exchange
    if (!knowsTasks(client)) {
      return client.era === 'modern' ? withoutTasks(exchange) : unknownMethod(exchange)
    }
    const id = textOf(params, 'taskId') ?? ''
    const task = firewall.approvals.tasks.find(id, ownerOf(client.caller))
    return task === null
      ? answerError(exchange, codes.invalidParams, 'Task not found')
      : handle(firewall, exchange, task)
  }
}

function answerTask({ now }: Firewall, exchange: Exchange, task: Task): Answer {
  if (exchange.client.era === 'legacy') return answerWith(exchange, legacyTask(task, now()))
  if (task.state === 'ended') task.handOver()
  return answerWith(exchange, modernTask(task, now()))
}

/** For stateless clients that have not said that they know tasks. */
export function withoutTasks(exchange: Exchange): Answer {
  const data = { requiredCapabilities: { extensions: { [tasksExtension]: {} } } }
  const problem = 'Missing required client capability'
  return { ...answerError(exchange, codes.missingCapability, problem, data), status: 400 }
}

function unknownMethod(exchange: Exchange): Answer {
  return answerError(exchange, codes.methodNotFound, 'Method not found')
}

/** A result says whose it is; everything else in it stays as it was written. */
function related(answer: KeptAnswer, { id }: Task): KeptAnswer {
  if (answer.kind === 'error') return answer
  const own = { [relatedTask]: { taskId: id } }
  const value: JsonObject = JSON.parse(answer.text)
  const text = Object.hasOwn(value, '_meta')
    ? JSON.stringify({ ...value, _meta: { ...Object(value._meta), ...own } })
    : prefixed(answer.text, `"_meta":${JSON.stringify(own)}`)
  return { ...answer, text }
}

function prefixed(text: string, member: string): string {
  const rest = text.slice(text.indexOf('{') + 1)
  return `{${member}${rest.trimStart().startsWith('}') ? '' : ','}${rest}`
}

/** Settles with the promise, but no later than `ms` from now. */
function within(ms: number, promise: Promise<void>): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    void promise.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
