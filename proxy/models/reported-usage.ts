import type { Usage } from '../../schemas/usage.ts'

type Fields = { readonly [name: string]: unknown }

/**
 * What an answer or an event of any wire says about tokens; null when it says nothing. Anthropic counts what the cache
 * served and kept apart from the input, the others within it.
 */
export function usageIn(value: unknown): Usage | null {
  const usage = usageMember(value)
  if (usage === null) return null
  const read = fieldsOf(usage.prompt_tokens_details ?? usage.input_tokens_details)
  const written = fieldsOf(usage.completion_tokens_details ?? usage.output_tokens_details)
  const cacheRead = count(usage.cache_read_input_tokens)
  const cacheWrite = count(usage.cache_creation_input_tokens)
  const input = count(usage.prompt_tokens ?? usage.input_tokens)
  const apart = usage.prompt_tokens === undefined ? (cacheRead ?? 0) + (cacheWrite ?? 0) : 0
  return present({
    inputTokens: input === undefined ? undefined : input + apart,
    outputTokens: count(usage.completion_tokens ?? usage.output_tokens) ?? embedded(usage),
    cacheReadTokens: cacheRead ?? count(read.cached_tokens),
    cacheWriteTokens: cacheWrite ?? count(read.cache_write_tokens),
    reasoningTokens: count(written.reasoning_tokens),
  })
}

/** Embeddings have no output, and say so by not mentioning it. */
function embedded({ prompt_tokens: prompt, total_tokens: total }: Fields): number | undefined {
  return prompt !== undefined && prompt === total ? 0 : undefined
}

function usageMember(value: unknown): Fields | null {
  if (!isFields(value)) return null
  for (const holder of [value, value.message, value.response]) {
    if (isFields(holder) && isFields(holder.usage)) return holder.usage
  }
  return null
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function count(value: unknown): number | undefined {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
  return isCount ? value : undefined
}

function present(counts: { readonly [K in keyof Usage]-?: number | undefined }): Usage {
  const known = Object.entries(counts).filter(([, tokens]) => tokens !== undefined)
  return Object.fromEntries(known)
}
