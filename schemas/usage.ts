import Type from 'typebox'
import { closed, type Frozen } from './field.ts'

const tokens = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))

/** `partial`: the answer broke off, so what was delivered is counted by estimate. */
export const usageSources = ['provider', 'estimated', 'partial'] as const
export type UsageSource = (typeof usageSources)[number]

/** `unpriced`: nobody knows what the call cost; its cost is then absent, not zero. */
export const costSources = ['provider', 'catalogue', 'fallback', 'tool', 'unpriced'] as const
export type CostSource = (typeof costSources)[number]

/** Tokens of one model call. */
export const Usage = closed(
  {
    inputTokens: tokens('All input tokens, those from and to a cache included.'),
    outputTokens: tokens('All output tokens, reasoning included.'),
    cacheReadTokens: tokens('Input tokens read from a cache.'),
    cacheWriteTokens: tokens('Input tokens written to a cache.'),
    reasoningTokens: tokens('Output tokens spent on reasoning.'),
  },
  'Tokens of a model call.',
)
export type Usage = Frozen<Type.Static<typeof Usage>>
