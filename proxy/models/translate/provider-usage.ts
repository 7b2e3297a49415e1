import type { LanguageModelV4Usage } from '@ai-sdk/provider'
import type { Usage } from '../../../schemas/usage.ts'

/** Tokens as the ledger counts them; null when the provider told nothing. */
export function providerUsage(told: LanguageModelV4Usage): Usage | null {
  const { inputTokens: input, outputTokens: output } = told
  const usage: Usage = {
    ...(input.total !== undefined && { inputTokens: input.total }),
    ...(output.total !== undefined && { outputTokens: output.total }),
    ...(input.cacheRead !== undefined && { cacheReadTokens: input.cacheRead }),
    ...(input.cacheWrite !== undefined && { cacheWriteTokens: input.cacheWrite }),
    ...(output.reasoning !== undefined && { reasoningTokens: output.reasoning }),
  }
  return usage.inputTokens === undefined && usage.outputTokens === undefined ? null : usage
}
