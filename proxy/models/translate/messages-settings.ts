import type { Member } from './member.ts'
import { readEffort } from './openai-settings.ts'
import type { Question, Reasoning, Schema, Tools } from './question.ts'

type Options = Partial<Question['options']>

/** Tools, which of them must be called, and whether several at once. */
export function readTools(root: Member): Options {
  const tools = root.at('tools').items().map(readTool)
  const choice = root.at('tool_choice')
  const single = choice.at('disable_parallel_tool_use').value === true
  return {
    ...(tools.length > 0 && { tools }),
    ...(!choice.absent && { toolChoice: readChoice(choice) }),
    ...(single && { providerOptions: { openai: { parallelToolCalls: false } } }),
  }
}

function readTool(tool: Member): Tools[number] {
  const type = tool.at('type')
  if (!type.absent && type.value !== 'custom') type.refuseUntold()
  const description = tool.at('description').maybe(text => text.text())
  return {
    type: 'function',
    name: tool.at('name').text(),
    inputSchema: tool.at('input_schema').record() as Schema,
    strict: tool.at('strict').value === true,
    ...(description !== undefined && { description }),
  }
}

function readChoice(choice: Member): NonNullable<Options['toolChoice']> {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return { type: choice.type }
    case 'any':
      return { type: 'required' }
    case 'tool':
      return { type: 'tool', toolName: choice.at('name').text() }
    default:
      return choice.at('type').refuseUntold()
  }
}

/** The schema that the answer must follow. */
export function readFormat(root: Member): Options {
  const current = root.at('output_config').at('format')
  const format = current.absent ? root.at('output_format') : current
  if (format.absent) return {}
  if (format.type !== 'json_schema') format.at('type').refuseUntold()
  return { responseFormat: { type: 'json', schema: format.at('schema').record() as Schema } }
}

/** Thinking as an effort, since OpenAI knows no budget in tokens. */
export function readThinking(root: Member): Options {
  const thinking = root.at('thinking')
  const effort = readEffort(root.at('output_config').at('effort'))
  if (thinking.absent || thinking.type === 'disabled') return effort
  if (!thinkingTypes.includes(thinking.type)) thinking.at('type').refuseUntold()
  const budget = thinking.at('budget_tokens').maybe(member => member.number())
  const hidden = thinking.at('display').value === 'omitted'
  return {
    ...(budget !== undefined && { reasoning: effortOf(budget) }),
    ...effort,
    ...(!hidden && { providerOptions: { openai: { reasoningSummary: 'auto' } } }),
  }
}

const thinkingTypes: readonly string[] = ['enabled', 'adaptive', 'between_tools']

function effortOf(budget: number): Reasoning {
  if (budget < 4096) return 'low'
  return budget < 16384 ? 'medium' : 'high'
}
