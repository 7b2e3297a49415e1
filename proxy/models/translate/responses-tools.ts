import type { Member } from './member.ts'
import type { Question, RenamedTool, Schema, Tools } from './question.ts'

/** The tools of a request for a response as plain functions, and which of them are something else there. */
export interface OfferedTools {
  /** By the name that the provider sees. */
  readonly tools: Map<string, Tools[number]>
  readonly renamed: Map<string, RenamedTool>
}

/** Items of the input that bring tools along. */
const bringers: readonly unknown[] = ['additional_tools', 'tool_search_output']

/** Reads the tools of a request, and those that its input brings. */
export function readTools(root: Member): OfferedTools {
  const offered: OfferedTools = { tools: new Map(), renamed: new Map() }
  const input = Array.isArray(root.at('input').value) ? root.at('input').items() : []
  const brought = input.filter(item => bringers.includes(item.at('type').value))
  for (const list of [root, ...brought])
    for (const tool of list.at('tools').items()) addTool(tool, offered)
  return offered
}

function addTool(tool: Member, offered: OfferedTools, namespace?: string): void {
  if (tool.type === 'function') addFunction(tool, offered, namespace)
  else if (tool.type === 'custom') addCustom(tool, offered, namespace)
  else if (namespace !== undefined) tool.at('type').refuseUntold()
  else if (tool.type === 'tool_search') addSearch(tool, offered)
  else if (tool.type !== 'namespace') tool.at('type').refuseUntold()
  else for (const inner of tool.at('tools').items()) addTool(inner, offered, tool.at('name').text())
}

/** The name under which a client's own search for tools is offered. */
export const searchName = 'tool_search'

/** A search by the provider itself has no counterpart. */
function addSearch(tool: Member, { tools, renamed }: OfferedTools): void {
  if (tool.at('execution').value !== 'client') tool.at('type').refuseUntold()
  renamed.set(searchName, { name: searchName, kind: 'search' })
  tools.set(searchName, plainFunction(tool, searchName))
}

/** The name of a tool that stands in a namespace, for providers without those. */
export function flatName(namespace: string | undefined, name: string): string {
  if (namespace === undefined) return name
  return namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`
}

/** What a search found, in words: the tools themselves are offered with the request. */
export function foundTools(output: Member): string {
  const offered: OfferedTools = { tools: new Map(), renamed: new Map() }
  for (const tool of output.at('tools').items()) addTool(tool, offered)
  const names = [...offered.tools.keys()]
  return names.length === 0 ? 'No tool was found.' : `Now available: ${names.join(', ')}`
}

function addFunction(tool: Member, { tools, renamed }: OfferedTools, namespace?: string): void {
  const name = tool.at('name').text()
  const flat = flatName(namespace, name)
  tools.set(flat, plainFunction(tool, flat))
  if (namespace !== undefined) renamed.set(flat, { name, namespace, kind: 'function' })
}

function plainFunction(tool: Member, name: string): Tools[number] {
  const description = tool.at('description').maybe(text => text.text())
  const strict = tool.at('strict').maybe(flag => flag.flag())
  return {
    type: 'function',
    name,
    inputSchema: (tool.at('parameters').maybe(schema => schema.record()) ?? noArguments) as Schema,
    ...(description !== undefined && { description }),
    ...(strict === true && { strict }),
  }
}

/** A grammar cannot be enforced elsewhere; it is told to the model in words. */
function addCustom(tool: Member, offered: OfferedTools, namespace?: string): void {
  const name = tool.at('name').text()
  const flat = flatName(namespace, name)
  const grammar = tool
    .at('format')
    .at('definition')
    .maybe(text => text.text())
  const told = [tool.at('description').maybe(text => text.text())]
  if (grammar !== undefined) told.push(`The input must match this grammar:\n${grammar}`)
  offered.renamed.set(flat, { name, kind: 'custom', ...(namespace !== undefined && { namespace }) })
  offered.tools.set(flat, {
    type: 'function',
    name: flat,
    description: told.filter(text => text !== undefined).join('\n\n'),
    inputSchema: freeText,
  })
}

const noArguments = { type: 'object', properties: {} }
const freeText: Schema = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
}

/** Which tool the model must call. */
export function readChoice(choice: Member): Partial<Question['options']> {
  if (choice.absent) return {}
  const { value } = choice
  if (value === 'auto' || value === 'none' || value === 'required')
    return { toolChoice: { type: value } }
  if (typeof value === 'string') return choice.refuse('must be auto, none, required or a tool')
  if (choice.type !== 'function' && choice.type !== 'custom') choice.at('type').refuseUntold()
  return { toolChoice: { type: 'tool', toolName: choice.at('name').text() } }
}
