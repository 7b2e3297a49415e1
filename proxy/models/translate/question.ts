import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider'

/** A request in the words of the provider library, and what the answer must know of it. */
export interface Question {
  readonly options: Omit<LanguageModelV4CallOptions, 'abortSignal' | 'headers'>
  readonly stream: boolean
  /** Chat completions: whether the client wants the chunk with the usage. */
  readonly includeUsage: boolean
  /** Names as the provider sees them, for tools that its protocol cannot name as the client does. */
  readonly renamed: ReadonlyMap<string, RenamedTool>
}

/** A tool of the client that is offered to the provider as a plain function under another name or shape. */
export interface RenamedTool {
  readonly name: string
  readonly namespace?: string
  /** `custom`: takes free text, as the one argument `input`. `search`: the client looks for more tools. */
  readonly kind: 'function' | 'custom' | 'search'
}

export type Tools = LanguageModelV4FunctionTool[]
export type Reasoning = NonNullable<LanguageModelV4CallOptions['reasoning']>
export type Schema = LanguageModelV4FunctionTool['inputSchema']
