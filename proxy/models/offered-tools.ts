import type { Json } from '../../policy/decide/facts.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'

const mostTools = 4096
const longestName = 256
const deepest = 3

/**
 * Names of the tools that a request offers to the model, of every dialect. A tool that the provider itself runs is
 * named by its type too, such as `mcp` or `web_search`, for such calls pass no tool server of Writ.
 */
export function toolsIn(body: JsonObject): readonly string[] {
  const names = new Set<string>()
  const add = (name: Json | undefined) => {
    if (typeof name === 'string' && name !== '' && names.size < mostTools) {
      names.add(name.slice(0, longestName))
    }
  }
  for (const tool of offered(body)) {
    const { function: inner, name, type } = tool
    add(isObject(inner) ? inner.name : name)
    if (!plainTypes.has(type)) add(type)
    if (type === 'mcp') add(tool.server_label)
  }
  const servers = listOf(body.mcp_servers)
  if (servers.length > 0) add('mcp')
  for (const server of servers) if (isObject(server)) add(server.name)
  return [...names]
}

/** Whether the provider itself may run tools, whose results the model reads and the request does not show. */
export function runsTools(body: JsonObject): boolean {
  if (isObject(body.web_search_options) || listOf(body.mcp_servers).length > 0) return true
  for (const { type } of offered(body)) if (!isForClients(type)) return true
  return false
}

/** A type that nobody has heard of may be one that the provider runs. */
function isForClients(type: Json | undefined): boolean {
  if (type === undefined || type === null) return true
  return plainTypes.has(type) || clientTypes.test(String(type))
}

const clientTypes =
  /^(local_shell|apply_patch|(bash|text_editor|memory|computer|tool_search)(_\w+)?)$/

/** Every tool that a request offers, nested ones too. */
function* offered(body: JsonObject): Iterable<JsonObject> {
  for (const key of ['tools', 'functions']) yield* nested(body[key], 0)
  for (const item of listOf(body.input)) {
    if (isObject(item) && listTypes.has(item.type)) yield* nested(item.tools, 0)
  }
}

const listTypes: ReadonlySet<Json | undefined> = new Set(['additional_tools', 'tool_search_output'])

const plainTypes: ReadonlySet<Json | undefined> = new Set(['function', 'custom', 'namespace'])

function* nested(tools: Json | undefined, depth: number): Iterable<JsonObject> {
  if (depth > deepest) return
  for (const tool of listOf(tools)) {
    if (!isObject(tool)) continue
    yield tool
    yield* nested(tool.tools, depth + 1)
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
