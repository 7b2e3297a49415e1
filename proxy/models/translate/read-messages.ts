import type { LanguageModelV4ToolResultOutput } from '@ai-sdk/provider'
import { checkFields, type Fields, is, isEmpty } from './fields.ts'
import { Member } from './member.ts'
import { readContent, readContents } from './messages-content.ts'
import { readFormat, readThinking, readTools } from './messages-settings.ts'
import { readStop, wholeNumber } from './openai-settings.ts'
import { PromptBuilder, type UserPart } from './prompt-builder.ts'
import type { Question } from './question.ts'
import { unsealed } from './seal.ts'

const fields: Fields = {
  read: [
    'model',
    'messages',
    'system',
    'stream',
    'max_tokens',
    'temperature',
    'top_p',
    'stop_sequences',
    'tools',
    'tool_choice',
    'thinking',
    'output_config',
    'output_format',
  ],
  dropped: [
    'cache_control',
    'context_management',
    'diagnostics',
    'metadata',
    'service_tier',
    'speed',
  ],
  neutral: { mcp_servers: isEmpty, top_k: is(0), betas: isEmpty },
}

/** Reads a request for a message; throws Untranslatable. */
export function readMessages(body: Readonly<Record<string, unknown>>): Question {
  const root = new Member(body, '')
  checkFields(root, fields)
  const temperature = root.at('temperature').maybe(member => member.number())
  const topP = root.at('top_p').maybe(member => member.number())
  const format = readFormat(root)
  const tools = readTools(root)
  const thinking = readThinking(root)
  return {
    stream: root.at('stream').maybe(member => member.flag()) ?? false,
    includeUsage: true,
    renamed: new Map(),
    options: {
      prompt: readPrompt(root),
      maxOutputTokens: wholeNumber(root.at('max_tokens')),
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && topP !== 1 && { topP }),
      ...readStop(root.at('stop_sequences')),
      ...format,
      ...tools,
      ...thinking,
      providerOptions: {
        openai: {
          ...tools.providerOptions?.openai,
          ...thinking.providerOptions?.openai,
        },
      },
    },
  }
}

function readPrompt(root: Member): Question['options']['prompt'] {
  const builder = new PromptBuilder()
  const system = root.at('system')
  for (const text of systemTexts(system)) builder.system(text)
  for (const message of root.at('messages').items()) readMessage(message, builder)
  if (builder.prompt.every(message => message.role === 'system'))
    root.at('messages').refuse('must hold a message')
  return builder.prompt
}

function systemTexts(content: Member): string[] {
  if (content.absent) return []
  if (typeof content.value === 'string') return [content.value]
  return content
    .items()
    .map(block => (block.type === 'text' ? block.at('text').text() : block.refuseUntold()))
}

function readMessage(message: Member, builder: PromptBuilder): void {
  const role = message.at('role')
  switch (role.text()) {
    case 'system':
      for (const text of systemTexts(message.at('content'))) builder.system(text)
      return
    case 'user':
      readUser(message.at('content'), builder)
      return
    case 'assistant':
      for (const block of blocks(message.at('content'))) readAssistant(block, builder)
      return
    default:
      role.refuseUntold()
  }
}

/** A string is one block of text. */
function blocks(content: Member): Member[] {
  if (typeof content.value !== 'string') return content.items()
  return [new Member({ type: 'text', text: content.value }, content.path)]
}

/** Results of tools come first: OpenAI wants them right after the calls. */
function readUser(content: Member, builder: PromptBuilder): void {
  const rest: UserPart[] = []
  for (const block of blocks(content)) {
    if (block.type === 'tool_result') builder.result(block.at('tool_use_id'), readResult(block))
    else rest.push(...readContent(block))
  }
  builder.user(rest)
}

function readResult(block: Member): LanguageModelV4ToolResultOutput {
  const parts = readContents(block.at('content'))
  const onlyText = parts.every(part => part.type === 'text')
  const value = parts.map(part => (part.type === 'text' ? part.text : '')).join('\n')
  const failure = block.at('is_error').value === true
  if (failure && onlyText) return { type: 'error-text', value }
  if (onlyText) return { type: 'text', value }
  const failed: UserPart[] = failure ? [{ type: 'text', text: 'The tool failed.' }] : []
  return { type: 'content', value: [...failed, ...parts] }
}

function readAssistant(block: Member, builder: PromptBuilder): void {
  switch (block.type) {
    case 'text':
      builder.assistant({ type: 'text', text: block.at('text').text() })
      return
    case 'tool_use':
      builder.assistant({
        type: 'tool-call',
        toolCallId: block.at('id').text(),
        toolName: block.at('name').text(),
        input: block.at('input').record(),
      })
      return
    case 'thinking': {
      const seal = block.at('signature').maybe(text => text.text()) ?? ''
      const part = unsealed(block.at('thinking').text(), seal)
      if (part !== null) builder.assistant(part)
      return
    }
    case 'redacted_thinking':
      return
    default:
      block.at('type').refuseUntold()
  }
}
