import { toolArguments } from './arguments.ts'
import { attachmentFromUrl } from './attachment.ts'
import { checkFields, type Fields, is, isEmpty } from './fields.ts'
import { Member } from './member.ts'
import { readEffort, readFormat, readSampling, readStop } from './openai-settings.ts'
import { PromptBuilder, type UserPart } from './prompt-builder.ts'
import type { Question, Schema, Tools } from './question.ts'

const fields: Fields = {
  read: [
    'model',
    'messages',
    'stream',
    'stream_options',
    'max_tokens',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'stop',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'response_format',
    'reasoning_effort',
  ],
  dropped: [
    'metadata',
    'prediction',
    'prompt_cache_key',
    'prompt_cache_options',
    'prompt_cache_retention',
    'safety_identifier',
    'seed',
    'service_tier',
    'store',
    'user',
    'verbosity',
  ],
  neutral: {
    n: is(1),
    frequency_penalty: is(0),
    presence_penalty: is(0),
    logprobs: is(false),
    top_logprobs: is(0),
    logit_bias: isEmpty,
    modalities: value => JSON.stringify(value) === '["text"]',
    functions: isEmpty,
  },
}

/** Reads a chat completion request; throws Untranslatable. */
export function readChat(body: Readonly<Record<string, unknown>>): Question {
  const root = new Member(body, '')
  checkFields(root, fields)
  return {
    stream: root.at('stream').maybe(member => member.flag()) ?? false,
    includeUsage: root.at('stream_options').at('include_usage').value === true,
    renamed: new Map(),
    options: {
      prompt: readMessages(root.at('messages')),
      ...readSampling(root, limit(root)),
      ...readStop(root.at('stop')),
      ...readFormat(formatOf(root.at('response_format'))),
      ...readEffort(root.at('reasoning_effort')),
      ...readTools(root),
    },
  }
}

function limit(root: Member): Member {
  const newer = root.at('max_completion_tokens')
  return newer.absent ? root.at('max_tokens') : newer
}

/** Chat completions nest what a format is under `json_schema`. */
function formatOf(format: Member): { readonly type: Member; readonly body: Member } {
  return { type: format.at('type'), body: format.at('json_schema') }
}

function readMessages(messages: Member): Question['options']['prompt'] {
  const builder = new PromptBuilder()
  for (const message of messages.items()) readMessage(message, builder)
  if (builder.prompt.length === 0) messages.refuse('must hold a message')
  return builder.prompt
}

function readMessage(message: Member, builder: PromptBuilder): void {
  const role = message.at('role')
  const content = message.at('content')
  if (!message.at('name').absent) message.at('name').refuseUntold()
  switch (role.text()) {
    case 'system':
    case 'developer':
      for (const text of texts(content)) builder.system(text)
      return
    case 'user':
      builder.user(userParts(content))
      return
    case 'assistant':
      readAssistant(message, builder)
      return
    case 'tool':
      builder.result(message.at('tool_call_id'), { type: 'text', value: texts(content).join('\n') })
      return
    default:
      role.refuseUntold()
  }
}

function readAssistant(message: Member, builder: PromptBuilder): void {
  for (const name of ['function_call', 'audio'])
    if (!message.at(name).absent) message.at(name).refuseUntold()
  const spoken = [...texts(message.at('content')), ...texts(message.at('refusal'))]
  for (const text of spoken) if (text !== '') builder.assistant({ type: 'text', text })
  for (const call of message.at('tool_calls').items()) {
    if (call.type !== 'function') call.at('type').refuseUntold()
    builder.assistant({
      type: 'tool-call',
      toolCallId: call.at('id').text(),
      toolName: call.at('function').at('name').text(),
      input: toolArguments(call.at('function').at('arguments')),
    })
  }
}

/** A string, or the text of each part; what the assistant refused with is text too. */
function texts(content: Member): string[] {
  if (content.absent) return []
  if (typeof content.value === 'string') return [content.value]
  return content.items().map(part => {
    if (part.type === 'refusal') return part.at('refusal').text()
    return part.type === 'text' ? part.at('text').text() : part.at('type').refuseUntold()
  })
}

function userParts(content: Member): UserPart[] {
  if (typeof content.value === 'string') return [{ type: 'text', text: content.value }]
  return content.items().map(userPart)
}

function userPart(part: Member): UserPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.at('text').text() }
    case 'image_url':
      return attachmentFromUrl(part.at('image_url').at('url'), 'image')
    case 'file':
      return readFile(part.at('file'))
    default:
      return part.at('type').refuseUntold()
  }
}

function readFile(file: Member): UserPart {
  if (file.at('file_data').absent) file.at('file_id').refuseUntold()
  const filename = file.at('filename').maybe(name => name.text())
  const part = attachmentFromUrl(file.at('file_data'), 'application/pdf')
  return filename === undefined ? part : { ...part, filename }
}

function readTools(root: Member): Partial<Question['options']> {
  const tools = root.at('tools').items().map(readTool)
  const parallel = root.at('parallel_tool_calls').maybe(member => member.flag())
  return {
    ...(tools.length > 0 && { tools }),
    ...readChoice(root.at('tool_choice')),
    ...(parallel === false && {
      providerOptions: { anthropic: { disableParallelToolUse: true } },
    }),
  }
}

function readTool(tool: Member): Tools[number] {
  if (tool.type !== 'function') tool.at('type').refuseUntold()
  const told = tool.at('function')
  const description = told.at('description').maybe(text => text.text())
  const strict = told.at('strict').maybe(flag => flag.flag())
  return {
    type: 'function',
    name: told.at('name').text(),
    inputSchema: (told.at('parameters').maybe(schema => schema.record()) ?? {
      type: 'object',
      properties: {},
    }) as Schema,
    ...(description !== undefined && { description }),
    ...(strict === true && { strict }),
  }
}

function readChoice(choice: Member): Partial<Question['options']> {
  if (choice.absent) return {}
  const { value } = choice
  if (value === 'auto' || value === 'none' || value === 'required')
    return { toolChoice: { type: value } }
  if (typeof value === 'string') return choice.refuse('must be auto, none, required or a tool')
  if (choice.type !== 'function') choice.at('type').refuseUntold()
  return { toolChoice: { type: 'tool', toolName: choice.at('function').at('name').text() } }
}
