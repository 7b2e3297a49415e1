import type { Member } from './member.ts'
import type { Question, RenamedTool, Schema, Tools } from './question.ts'

/** The tools of a request for a response as plain functions, and which of them are something else there. */
export interface OfferedTools {
  readonly tools: Tools
  readonly renamed: Map<string, RenamedTool>
}

/** Reads the tools of a request, and those that its input adds. */
export function readTools(root: Member): OfferedTools {
  const offered: OfferedTools = { tools: [], renamed: new Map() }
  const input = Array.isArray(root.at('input').value) ? root.at('input').items() : []
  const added = input.filter(item => item.at('type').value === 'additional_tools')
  for (const list of [root, ...added])
    for (const tool of list.at('tools').items()) addTool(tool, offered)
  return offered
}

function addTool(tool: Member, offered: OfferedTools, namespace?: string): void {
  if (tool.type === 'function') addFunction(tool, offered, namespace)
  else if (tool.type === 'custom') addCustom(tool, offered, namespace)
  else if (tool.type !== 'namespace' || namespace !== undefined) tool.at('type').refuseUntold()
  else for (const inner of tool.at('tools').items()) addTool(inner, offered, tool.at('name').text())
}

/** The name of a tool that stands in a namespace, for providers without those. */
export function flatName(namespace: string | undefined, name: string): string {
  if (namespace === undefined) return name
  return namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`
}

function addFunction(tool: Member, offered: OfferedTools, namespace?: string): void {
  const name = tool.at('name').text()
  const flat = flatName(namespace, name)
  const description = tool.at('description').maybe(text => text.text())
  const strict = tool.at('strict').maybe(flag => flag.flag())
  offered.tools.push({
    type: 'function',
    name: flat,
    inputSchema: (tool.at('parameters').maybe(schema => schema.record()) ?? noArguments) as Schema,
    ...(description !== undefined && { description }),
    ...(strict === true && { strict }),
  })
  if (namespace !== undefined) offered.renamed.set(flat, { name, namespace, custom: false })
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
  offered.renamed.set(flat, { name, custom: true, ...(namespace !== undefined && { namespace }) })
  offered.tools.push({
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
