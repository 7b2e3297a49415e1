/** What a client made of an answer, in the same words for every SDK. */
export interface Got {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly input: unknown }[]
  readonly end: string
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number }
}

export interface Question {
  readonly model: string
  readonly text: string
  readonly stream: boolean
  /** Offers `weather` and `clock`; their results are `sunny` and `noon`. */
  readonly tools?: boolean
  /** Whether the calls of the answer are answered and the model is asked again. */
  readonly loop?: boolean
  /** An image as data: or web URL. */
  readonly image?: string
  readonly signal?: AbortSignal
}

/** An SDK that speaks one dialect. Errors are thrown as the SDK throws them, with `status` or `statusCode`. */
export interface Client {
  readonly name: string
  readonly dialect: 'chat' | 'responses' | 'messages'
  readonly ask: (question: Question) => Promise<Got>
}

export const toolSchemas = {
  weather: {
    description: 'Tells the weather.',
    schema: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
  clock: {
    description: 'Tells the time.',
    schema: {
      type: 'object',
      properties: { zone: { type: 'string' }, long: { type: 'boolean' } },
      required: ['zone'],
      additionalProperties: false,
    },
  },
} as const

export const toolNames = ['weather', 'clock'] as const

export const toolResults: Readonly<Record<string, string>> = { weather: 'sunny', clock: 'noon' }
