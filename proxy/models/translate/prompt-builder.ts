import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
} from '@ai-sdk/provider'
import type { Member } from './member.ts'

type Role<R extends LanguageModelV4Message['role']> = Extract<LanguageModelV4Message, { role: R }>
export type AssistantPart = Role<'assistant'>['content'][number]
export type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart

/** Puts a prompt together; what one side says in a row becomes one message. */
export class PromptBuilder {
  readonly #messages: LanguageModelV4Message[] = []
  /** Names by id, since a result does not name its tool. */
  readonly #calls = new Map<string, string>()

  get prompt(): LanguageModelV4Prompt {
    return this.#messages
  }

  system(content: string): void {
    this.#messages.push({ role: 'system', content })
  }

  user(content: UserPart[]): void {
    if (content.length > 0) this.#messages.push({ role: 'user', content })
  }

  assistant(part: AssistantPart): void {
    if (part.type === 'tool-call') this.#calls.set(part.toolCallId, part.toolName)
    const last = this.#messages.at(-1)
    if (last?.role === 'assistant') last.content.push(part)
    else this.#messages.push({ role: 'assistant', content: [part] })
  }

  /** Refuses the id when no call before it has it. */
  result(id: Member, output: LanguageModelV4ToolResultOutput): void {
    const toolCallId = id.text()
    const toolName = this.#calls.get(toolCallId) ?? id.refuse('answers no tool call before it')
    const part = { type: 'tool-result' as const, toolCallId, toolName, output }
    const last = this.#messages.at(-1)
    if (last?.role === 'tool') last.content.push(part)
    else this.#messages.push({ role: 'tool', content: [part] })
  }
}
