import type { Usage } from '../../../schemas/usage.ts'

/** What a client speaks: OpenAI chat completions, OpenAI responses, Anthropic messages. */
export type Dialect = 'chat' | 'responses' | 'messages'

/** Whom to ask. */
export interface Target {
  readonly protocol: 'openai' | 'anthropic'
  /** As the provider in the table says; only looked at for protocol openai. */
  readonly responses: 'native' | 'translate'
  /** Address up to the version, without a slash at its end. */
  readonly baseUrl: string
  /** Name of the model at the provider. */
  readonly model: string
}

/** A request in one dialect for a provider that does not speak it. */
export interface Translation {
  readonly dialect: Dialect
  /** The JSON body of the client. Whether the answer is a stream is read from it. */
  readonly body: Readonly<Record<string, unknown>>
  /** The name that the client asked for; answers carry it. */
  readonly model: string
  readonly target: Target
  /** Most tokens that the answer may have; the smaller of it and what the body asks for is sent. */
  readonly maxOutputTokens?: number
  readonly signal: AbortSignal
}

/** The one request that a translation sends. Headers hold no credential: whoever sends it puts that in. */
interface OutgoingRequest {
  readonly method: 'POST'
  /** Lower-case names: `content-type` and, for Anthropic, `anthropic-version` and `anthropic-beta`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

export interface TranslateNeeds {
  /** Sends the request with the provider's credential and headers. What it throws is thrown on unchanged. */
  readonly fetch: (url: string, request: OutgoingRequest) => Promise<Response>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A fresh name without blanks, for ids of answers and tool calls. */
  readonly newId: () => string
}

/** What a stream has delivered so far; looked at during the stream and after it, however it ended. */
export interface StreamProgress {
  /** What the provider reports; null until it does. */
  readonly usage: Usage | null
  /** UTF-8 bytes of the text, reasoning and tool arguments that were delivered. */
  readonly outputBytes: number
  /** Whether the answer came to its own end. False after an abort or when the provider broke off. */
  readonly complete: boolean
}

export type Translated =
  | {
      readonly kind: 'answer'
      readonly status: 200
      /** In the dialect of the client. */
      readonly json: object
      /** Null when the provider reports none. */
      readonly usage: Usage | null
      /** What the provider cannot take into account, in plain words. */
      readonly warnings: readonly string[]
    }
  | {
      readonly kind: 'stream'
      readonly status: 200
      /** Encoded server-sent events. A provider that breaks off shows as an error event of the dialect. */
      readonly chunks: AsyncIterable<Buffer>
      readonly progress: StreamProgress
      readonly warnings: readonly string[]
    }
  /** Nothing was sent: the body holds something that has no counterpart. */
  | {
      readonly kind: 'refused'
      readonly status: 400
      readonly json: object
      /** Path of the member, such as `tools[0].type`. */
      readonly field: string
    }
  /** The provider answered with an error before any part of an answer. */
  | {
      readonly kind: 'failed'
      /** For the client, in its dialect. */
      readonly status: number
      readonly json: object
      /** What the provider sent; 200 when the error came inside a stream or the answer was unreadable. */
      readonly upstreamStatus: number
      /** The header of that name, when there was one. */
      readonly retryAfter: string | null
    }
