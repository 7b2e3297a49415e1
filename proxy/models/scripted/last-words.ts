import { Member } from '../translate/member.ts'
import type { RenamedTool } from '../translate/question.ts'

type Body = Readonly<Record<string, unknown>>

/** What the scripted model looks at: what was said last, by whom, and which tools are on offer. */
export interface LastWords {
  readonly by: 'user' | 'tool'
  readonly text: string
  /** Names in the order in which they were offered. */
  readonly tools: readonly string[]
  /** Tools of the responses dialect that take free text. */
  readonly custom: ReadonlyMap<string, RenamedTool>
}

/** Reads a request of any dialect without minding what it does not know; null when nothing was said. */
export function lastWords(body: Body): LastWords | null {
  const said = lastItem(body)
  if (said === null) return null
  const offered = list(body.tools)
    .map(tool => new Member(tool, ''))
    .filter(tool => callable.includes(tool.at('type').value ?? 'function'))
  const custom = offered.filter(tool => tool.at('type').value === 'custom' && isFreeText(tool))
  return {
    ...said,
    tools: offered.map(nameOf).filter(name => name !== ''),
    custom: new Map(custom.map(nameOf).map(name => [name, { name, kind: 'custom' }])),
  }
}

/** Types of tools that the client runs; namespaces and the provider's own tools are none. */
const callable: readonly unknown[] = ['function', 'custom']

/** Anthropic's own tools of type `custom` have a schema. */
function isFreeText(tool: Member): boolean {
  return tool.at('input_schema').absent
}

function nameOf(tool: Member): string {
  const name = tool.at('function').at('name').value ?? tool.at('name').value
  return typeof name === 'string' ? name : ''
}

function lastItem(body: Body): Pick<LastWords, 'by' | 'text'> | null {
  if (typeof body.input === 'string') return { by: 'user', text: body.input }
  const items = [...list(body.messages), ...list(body.input)]
  const spoken = items.map(item => new Member(item, '')).findLast(isSpoken)
  if (spoken === undefined) return null
  const output = spoken.at('output')
  if (!output.absent || spoken.at('role').value === 'tool')
    return { by: 'tool', text: textOf(output.absent ? spoken.at('content') : output) }
  const parts = list(spoken.at('content').value).map(part => new Member(part, ''))
  const result = parts.findLast(part => part.at('type').value === 'tool_result')
  if (result !== undefined) return { by: 'tool', text: textOf(result.at('content')) }
  return { by: 'user', text: textOf(spoken.at('content')) }
}

function isSpoken(item: Member): boolean {
  const role = item.at('role').value
  return role === 'user' || role === 'tool' || !item.at('output').absent
}

/** A string, or the last text among the parts: agents put what they have to add before what the person said. */
function textOf(content: Member): string {
  if (typeof content.value === 'string') return content.value
  const texts = list(content.value).map(part => new Member(part, '').at('text').value)
  return texts.findLast(text => typeof text === 'string') ?? ''
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
