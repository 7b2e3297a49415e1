import type { Client } from '../mcp/exchange.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'
import { sentenceOn } from './asked-refusal.ts'
import { peopleIn, pollSeconds } from './pending-answer.ts'
import type { KeptAnswer } from './run.ts'
import type { Task } from './task.ts'

/** The extension by which stateless clients say that they know tasks. */
export const tasksExtension = 'io.modelcontextprotocol/tasks'

export const relatedTask = 'io.modelcontextprotocol/related-task'

type Status = 'working' | 'completed' | 'failed' | 'cancelled'

/** Whether a client can be answered with tasks: by its version, or because it says so with every request. */
export function knowsTasks({ era, protocol, identity }: Client): boolean {
  if (era === 'legacy') return protocol === '2025-11-25'
  const { extensions } = identity.capabilities
  return isObject(extensions) && isObject(extensions[tasksExtension])
}

/** A task as protocol 2025-11-25 writes it; there a tool's own error is a failure of the task. */
export function legacyTask(task: Task, now: number): JsonObject {
  const { ttlMs, pollIntervalMs, ...common } = commonIn(task, now)
  const failed = task.answer !== null && isFailure(task.answer)
  const status = common.status === 'completed' && failed ? 'failed' : common.status
  return { ...common, status, ttl: ttlMs, pollInterval: pollIntervalMs }
}

/** A task as the extension of 2026-07-28 writes it, with its result or error. */
export function modernTask(task: Task, now: number): JsonObject {
  const common = commonIn(task, now)
  const { answer, state } = task
  if (state !== 'ended') return common
  if (answer === null) return { ...common, status: 'failed', error: gone }
  const value = JSON.parse(answer.text)
  return answer.kind === 'result'
    ? { ...common, result: value }
    : { ...common, status: 'failed', error: value }
}

const gone = { code: -32603, message: 'the answer is kept no more' }

function commonIn(task: Task, now: number) {
  const { id, createdAt, updatedAt, ttlMs } = task
  const statusMessage = messageOn(task)
  return {
    taskId: id,
    status: statusOf(task),
    ...(statusMessage === '' ? {} : { statusMessage }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs,
    pollIntervalMs: pollMs(task, now),
  }
}

function statusOf({ state }: Task): Status {
  switch (state) {
    case 'open':
    case 'running':
      return 'working'
    case 'ended':
      return 'completed'
    case 'cancelled':
      return 'cancelled'
  }
}

function messageOn({ request, state }: Task): string {
  if (request === null || state === 'ended') return ''
  if (state === 'cancelled') return 'The task was cancelled by request.'
  if (state === 'running') return 'The call is being made.'
  const { news, workflows } = request
  const asked = news.state === 'pending' ? ` Asked: ${peopleIn(workflows)}.` : ''
  return `${sentenceOn(news)}${asked}`
}

function pollMs({ request, state }: Task, now: number): number {
  const waits = state === 'open' && request?.news.state === 'pending'
  return waits ? pollSeconds(request.news.expiresAt, now) * 1000 : 1000
}

function isFailure({ kind, text }: KeptAnswer): boolean {
  return kind === 'error' || JSON.parse(text).isError === true
}
