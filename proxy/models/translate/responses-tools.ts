import type { Member } from './member.ts'
import type { Question, RenamedTool, Schema, Tools } from './question.ts'

const noArguments = { type: 'object', properties: {} }

/** The tools of a request for a response as plain functions, and which of them are something else there. */
export function readTools(list: Member): {
  readonly tools: Tools
  readonly renamed: ReadonlyMap<string, RenamedTool>
} {
  const tools: Tools = []
  const renamed = new Map<string, RenamedTool>()
  for (const tool of list.items()) {
    if (tool.type === 'function') tools.push(readFunction(tool))
    else if (tool.type === 'custom') addCustom(tool, tools, renamed)
    else if (tool.type === 'namespace') addNamespace(tool, tools, renamed)
    else tool.at('type').refuseUntold()
  }
  return { tools, renamed }
}

/** The name of a tool that stands in a namespace, for providers without those. */
export function flatName(namespace: string | undefined, name: string): string {
  if (namespace === undefined) return name
  return namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`
}

function readFunction(tool: Member, namespace?: string): Tools[number] {
  const description = tool.at('description').maybe(text => text.text())
  const strict = tool.at('strict').maybe(flag => flag.flag())
  return {
    type: 'function',
    name: flatName(namespace, tool.at('name').text()),
    inputSchema: (tool.at('parameters').maybe(schema => schema.record()) ?? noArguments) as Schema,
    ...(description !== undefined && { description }),
    ...(strict === true && { strict }),
  }
}

function addNamespace(tool: Member, tools: Tools, renamed: Map<string, RenamedTool>): void {
  const namespace = tool.at('name').text()
  for (const inner of tool.at('tools').items()) {
    if (inner.type !== 'function') inner.at('type').refuseUntold()
    const flat = readFunction(inner, namespace)
    tools.push(flat)
    renamed.set(flat.name, { name: inner.at('name').text(), namespace, custom: false })
  }
}

/** A grammar cannot be enforced elsewhere; it is told to the model in words. */
function addCustom(tool: Member, tools: Tools, renamed: Map<string, RenamedTool>): void {
  const name = tool.at('name').text()
  const grammar = tool
    .at('format')
    .at('definition')
    .maybe(text => text.text())
  const told = [tool.at('description').maybe(text => text.text())]
  if (grammar !== undefined) told.push(`The input must match this grammar:\n${grammar}`)
  renamed.set(name, { name, custom: true })
  tools.push({
    type: 'function',
    name,
    description: told.filter(text => text !== undefined).join('\n\n'),
    inputSchema: {
      type: 'object',
      properties: { input: { type: 'string' } },
      required: ['input'],
      additionalProperties: false,
    } as Schema,
  })
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
