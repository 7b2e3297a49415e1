import type { Usage } from '../../../schemas/usage.ts'

/** What a part of an answer is. */
export type Block =
  | { readonly kind: 'text' }
  | { readonly kind: 'reasoning' }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string }

/** Why an answer ended. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter'

/** An answer as it grows, the same for every dialect. Blocks come one after the other; `finish` is the last event. */
export type AnswerEvent =
  | { readonly type: 'open'; readonly block: Block }
  /** Text, reasoning or JSON of arguments for the open block. */
  | { readonly type: 'delta'; readonly text: string }
  /** The seal proves reasoning to the provider that it came from; see seal.ts. */
  | { readonly type: 'close'; readonly seal?: string }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly usage: Usage | null }
