import type { Selectable } from 'kysely'
import Type from 'typebox'
import { closed, type Frozen, instant, oneOf } from '../../schemas/field.ts'
import { costSources, usageSources } from '../../schemas/usage.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { UsageSums } from '../usage/sum-usage.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const maybe = (description: string) => Type.Optional(Type.String({ description }))
const maybeCount = (description: string) => Type.Optional(count(description))

/** What is added up of calls. */
export const sums = {
  calls: count('Calls that were forwarded.'),
  failedCalls: count('Calls that did not succeed.'),
  unpricedCalls: count('Model calls that nobody has a price for; not in costMicroUsd.'),
  estimatedCalls: count('Calls whose tokens the provider did not tell.'),
  inputTokens: count('Input tokens, those from and to a cache included.'),
  outputTokens: count('Output tokens, reasoning included.'),
  cacheReadTokens: count('Input tokens read from a cache.'),
  cacheWriteTokens: count('Input tokens written to a cache.'),
  reasoningTokens: count('Output tokens spent on reasoning.'),
  costMicroUsd: count('Cost in micro-USD, of calls that have a price.'),
  lastAt: Type.Optional(instant('When the newest call ended.')),
}

/** Sums over calls, as the API tells them. */
export const UsageSumsAnswer = closed(sums, 'Sums over calls.')
export type UsageSumsAnswer = Frozen<Type.Static<typeof UsageSumsAnswer>>

/** Sums as the API tells them. */
export function sumsAnswer(of: UsageSums): UsageSumsAnswer {
  return {
    calls: of.calls,
    failedCalls: of.failed_calls,
    unpricedCalls: of.unpriced_calls,
    estimatedCalls: of.estimated_calls,
    inputTokens: of.input_tokens,
    outputTokens: of.output_tokens,
    cacheReadTokens: of.cache_read_tokens,
    cacheWriteTokens: of.cache_write_tokens,
    reasoningTokens: of.reasoning_tokens,
    costMicroUsd: of.cost_micro_usd,
    ...(of.last_at !== null && { lastAt: of.last_at.toISOString() }),
  }
}

/** A forwarded call, as the API tells it. */
export const UsageEntry = closed(
  {
    proxy: Type.String({ description: 'The proxy that wrote it down.' }),
    seq: count('Number of its outcome at that proxy.'),
    call: Type.String({ description: 'Id of the call; the audit has it under the same.' }),
    time: instant('When it ended.'),
    namespace: Type.String({ description: 'Namespace.' }),
    agent: maybe('Agent.'),
    apiKey: maybe('Name of its key.'),
    user: maybe('Owner of the agent.'),
    session: maybe('Session.'),
    flow: maybe('Flow.'),
    kind: oneOf(['model', 'tool'], 'What was called.'),
    provider: maybe('ModelProvider.'),
    model: maybe('Model.'),
    requestedModel: maybe('Model as the client named it.'),
    server: maybe('ToolServer.'),
    tool: maybe('Tool.'),
    endpoint: maybe('Path of the model API.'),
    stream: Type.Optional(Type.Boolean({ description: 'Whether the answer was streamed.' })),
    status: Type.String({ description: 'How the call ended.' }),
    upstreamStatus: maybe('What the upstream answered.'),
    inputTokens: maybeCount('Input tokens.'),
    outputTokens: maybeCount('Output tokens.'),
    cacheReadTokens: maybeCount('Input tokens read from a cache.'),
    cacheWriteTokens: maybeCount('Input tokens written to a cache.'),
    reasoningTokens: maybeCount('Output tokens spent on reasoning.'),
    costMicroUsd: maybeCount('Cost in micro-USD; absent when nobody knows it, which is not zero.'),
    costSource: maybe(`Where the price came from: ${costSources.join(', ')}.`),
    usageSource: maybe(`Where the tokens came from: ${usageSources.join(', ')}.`),
    durationMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'Time at the upstream, ms.' }),
    ),
  },
  'A call that was forwarded, and what it used.',
)
export type UsageEntry = Frozen<Type.Static<typeof UsageEntry>>

const renamed = {
  api_key: 'apiKey',
  user_name: 'user',
  requested_model: 'requestedModel',
  upstream_status: 'upstreamStatus',
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  cache_read_tokens: 'cacheReadTokens',
  cache_write_tokens: 'cacheWriteTokens',
  reasoning_tokens: 'reasoningTokens',
  cost_micro_usd: 'costMicroUsd',
  cost_source: 'costSource',
  usage_source: 'usageSource',
  duration_ms: 'durationMs',
} as const

/** A row as the API tells it: what it lacks is left out. */
export function usageEntry({ time, ...row }: Selectable<UsageRow>): UsageEntry {
  const words = Object.entries(row).flatMap(([column, value]) =>
    value === null ? [] : [[Reflect.get(renamed, column) ?? column, value] as const],
  )
  return { ...(Object.fromEntries(words) as Omit<UsageEntry, 'time'>), time: time.toISOString() }
}
