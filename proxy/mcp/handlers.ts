import {
  cancelTask,
  getTask,
  listTasks,
  taskResult,
  updateTask,
} from '../approvals/task-methods.ts'
import { callTool } from './call-tool.ts'
import { complete } from './complete.ts'
import type { Handle } from './exchange.ts'
import { getPrompt } from './get-prompt.ts'
import { discoverWrit } from './introduce-writ.ts'
import { listPrompts, listResources, listTemplates, listTools } from './lists.ts'
import { readResource } from './read-resource.ts'

/** What answers the requests that both eras share; the doors add what only one of them knows. */
export const handlers: { readonly [method: string]: Handle } = {
  'tools/list': listTools,
  'tools/call': callTool,
  'resources/list': listResources,
  'resources/templates/list': listTemplates,
  'resources/read': readResource,
  'resources/subscribe': readResource,
  'resources/unsubscribe': readResource,
  'prompts/list': listPrompts,
  'prompts/get': getPrompt,
  'completion/complete': complete,
  'server/discover': discoverWrit,
  'tasks/get': getTask,
  'tasks/result': taskResult,
  'tasks/list': listTasks,
  'tasks/cancel': cancelTask,
  'tasks/update': updateTask,
}
