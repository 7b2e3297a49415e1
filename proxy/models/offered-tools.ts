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
  for (const key of ['tools', 'functions']) addAll(body[key], add, 0)
  for (const item of listOf(body.input)) {
    if (isObject(item) && item.type === 'additional_tools') addAll(item.tools, add, 0)
    if (isObject(item) && item.type === 'tool_search_output') addAll(item.tools, add, 0)
  }
  const servers = listOf(body.mcp_servers)
  if (servers.length > 0) add('mcp')
  for (const server of servers) if (isObject(server)) add(server.name)
  return [...names]
}

const plainTypes: ReadonlySet<Json | undefined> = new Set(['function', 'custom', 'namespace'])

function addAll(tools: Json | undefined, add: (name: Json | undefined) => void, depth: number) {
  if (depth > deepest) return
  for (const tool of listOf(tools)) {
    if (!isObject(tool)) continue
    const { function: inner, name, type, tools: nested } = tool
    add(isObject(inner) ? inner.name : name)
    if (!plainTypes.has(type)) add(type)
    if (type === 'mcp') add(tool.server_label)
    addAll(nested, add, depth + 1)
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
