import { toolArguments } from './arguments.ts'
import { attachmentFromUrl } from './attachment.ts'
import { checkFields, type Fields, is, isEmpty } from './fields.ts'
import { Member } from './member.ts'
import { readEffort, readFormat, readSampling } from './openai-settings.ts'
import { PromptBuilder, type UserPart } from './prompt-builder.ts'
import type { Question } from './question.ts'
import { flatName, foundTools, readChoice, readTools, searchName } from './responses-tools.ts'
import { unsealed } from './seal.ts'

const fields: Fields = {
  read: [
    'model',
    'input',
    'instructions',
    'stream',
    'max_output_tokens',
    'temperature',
    'top_p',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'text',
    'reasoning',
  ],
  dropped: [
    'client_metadata',
    'metadata',
    'prompt_cache_key',
    'prompt_cache_options',
    'prompt_cache_retention',
    'safety_identifier',
    'service_tier',
    'store',
    'stream_options',
    'user',
  ],
  neutral: {
    background: is(false),
    truncation: is('disabled'),
    top_logprobs: is(0),
    include: value =>
      Array.isArray(value) && value.every(item => item === 'reasoning.encrypted_content'),
    context_management: isEmpty,
  },
}

/** Reads a request for a response; throws Untranslatable. */
export function readResponses(body: Readonly<Record<string, unknown>>): Question {
  const root = new Member(body, '')
  checkFields(root, fields)
  const { tools, renamed } = readTools(root)
  const parallel = root.at('parallel_tool_calls').maybe(member => member.flag())
  const format = readFormat({
    type: root.at('text').at('format').at('type'),
    body: root.at('text').at('format'),
  })
  const openai = {
    ...format.providerOptions?.openai,
    ...(parallel === false && { parallelToolCalls: false }),
  }
  return {
    stream: root.at('stream').maybe(member => member.flag()) ?? false,
    includeUsage: true,
    renamed,
    options: {
      prompt: readInput(root),
      ...readSampling(root, root.at('max_output_tokens')),
      ...format,
      ...readEffort(root.at('reasoning').at('effort')),
      ...(tools.size > 0 && { tools: [...tools.values()] }),
      ...readChoice(root.at('tool_choice')),
      providerOptions: {
        openai,
        anthropic: { ...(parallel === false && { disableParallelToolUse: true }) },
      },
    },
  }
}

function readInput(root: Member): Question['options']['prompt'] {
  const builder = new PromptBuilder()
  const instructions = root.at('instructions').maybe(text => text.text())
  if (instructions) builder.system(instructions)
  const input = root.at('input')
  if (typeof input.value === 'string') builder.user([{ type: 'text', text: input.value }])
  else for (const item of input.items()) readItem(item, builder)
  if (builder.prompt.every(message => message.role === 'system')) input.refuse('must say something')
  return builder.prompt
}

function readItem(item: Member, builder: PromptBuilder): void {
  switch (item.at('type').value ?? 'message') {
    case 'message':
      readMessage(item, builder)
      return
    case 'function_call':
    case 'custom_tool_call':
    case 'tool_search_call':
      readCall(item, builder)
      return
    case 'function_call_output':
    case 'custom_tool_call_output':
      readOutput(item, builder)
      return
    case 'tool_search_output':
      builder.result(item.at('call_id'), { type: 'text', value: foundTools(item) })
      return
    case 'reasoning':
      readReasoning(item, builder)
      return
    case 'additional_tools':
      return
    case 'item_reference':
      item.refuse('nothing is stored; send the items themselves, with store set to false')
      return
    default:
      item.at('type').refuseUntold()
  }
}

function readCall(item: Member, builder: PromptBuilder): void {
  const namespace = item.at('namespace').maybe(name => name.text())
  const name = item.type === 'tool_search_call' ? searchName : item.at('name').text()
  builder.assistant({
    type: 'tool-call',
    toolCallId: item.at('call_id').text(),
    toolName: flatName(namespace, name),
    input: inputOf(item),
  })
}

function inputOf(item: Member): unknown {
  if (item.type === 'custom_tool_call') return { input: item.at('input').text() }
  const given = item.at('arguments')
  return item.type === 'tool_search_call' ? given.record() : toolArguments(given)
}

function readMessage(item: Member, builder: PromptBuilder): void {
  const role = item.at('role')
  const content = item.at('content')
  switch (role.text()) {
    case 'system':
    case 'developer':
      for (const text of texts(content)) builder.system(text)
      return
    case 'user':
      builder.user(userParts(content))
      return
    case 'assistant':
      for (const text of texts(content)) if (text !== '') builder.assistant({ type: 'text', text })
      return
    default:
      role.refuseUntold()
  }
}

function texts(content: Member): string[] {
  if (typeof content.value === 'string') return [content.value]
  return content.items().map(part => {
    if (part.type === 'refusal') return part.at('refusal').text()
    if (part.type !== 'input_text' && part.type !== 'output_text') part.at('type').refuseUntold()
    return part.at('text').text()
  })
}

function userParts(content: Member): UserPart[] {
  if (typeof content.value === 'string') return [{ type: 'text', text: content.value }]
  return content.items().map(userPart)
}

function userPart(part: Member): UserPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.at('text').text() }
    case 'input_image':
      return readImage(part)
    case 'input_file':
      return readFile(part)
    default:
      return part.at('type').refuseUntold()
  }
}

function readImage(part: Member): UserPart {
  if (part.at('image_url').absent) part.at('file_id').refuseUntold()
  const image = attachmentFromUrl(part.at('image_url'), 'image')
  const imageDetail = part.at('detail').maybe(text => text.text())
  return imageDetail === undefined
    ? image
    : { ...image, providerOptions: { openai: { imageDetail } } }
}

function readFile(part: Member): UserPart {
  if (!part.at('file_id').absent) part.at('file_id').refuseUntold()
  const source = part.at('file_data').absent ? part.at('file_url') : part.at('file_data')
  const file = attachmentFromUrl(source, 'application/pdf')
  const filename = part.at('filename').maybe(name => name.text())
  return filename === undefined ? file : { ...file, filename }
}

function readOutput(item: Member, builder: PromptBuilder): void {
  const { value } = item.at('output')
  builder.result(
    item.at('call_id'),
    typeof value === 'string'
      ? { type: 'text', value }
      : { type: 'content', value: item.at('output').items().map(userPart) },
  )
}

/** Reasoning that this proxy did not seal is left out: no provider takes another one's. */
function readReasoning(item: Member, builder: PromptBuilder): void {
  const seal = item.at('encrypted_content').maybe(text => text.text())
  const summary = item.at('summary').items()
  const text = summary.map(part => part.at('text').text()).join('')
  const part = seal === undefined ? null : unsealed(text, seal)
  if (part !== null) builder.assistant(part)
}
