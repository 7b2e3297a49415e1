import type { LanguageModelV4ReasoningPart, SharedV4ProviderMetadata } from '@ai-sdk/provider'

const anthropicSignature = 'anthropic:'
const anthropicRedacted = 'anthropic-redacted:'
const openaiItem = 'openai:'

/**
 * What a provider wants back to recognise its own reasoning, as one opaque text that clients keep: the signature of an
 * Anthropic thinking block, or id and encrypted content of an OpenAI reasoning item. Says whose it is, since another
 * provider would refuse it.
 */
export function sealOf(metadata: SharedV4ProviderMetadata | undefined): string | undefined {
  const { signature, redactedData } = metadata?.anthropic ?? {}
  if (typeof signature === 'string') return anthropicSignature + signature
  if (typeof redactedData === 'string') return anthropicRedacted + redactedData
  const { itemId, reasoningEncryptedContent } = metadata?.openai ?? {}
  if (typeof itemId === 'string' && typeof reasoningEncryptedContent === 'string')
    return `${openaiItem}${itemId}:${reasoningEncryptedContent}`
  return undefined
}

/** The reasoning that a client repeats; null without a seal of ours, since no provider takes that. */
export function unsealed(text: string, seal: string): LanguageModelV4ReasoningPart | null {
  const providerOptions = unsealedOptions(seal)
  return providerOptions === null ? null : { type: 'reasoning', text, providerOptions }
}

function unsealedOptions(seal: string): SharedV4ProviderMetadata | null {
  if (seal.startsWith(anthropicSignature))
    return { anthropic: { signature: seal.slice(anthropicSignature.length) } }
  if (seal.startsWith(anthropicRedacted))
    return { anthropic: { redactedData: seal.slice(anthropicRedacted.length) } }
  const colon = seal.indexOf(':', openaiItem.length)
  if (!seal.startsWith(openaiItem) || colon === -1) return null
  return {
    openai: {
      itemId: seal.slice(openaiItem.length, colon),
      reasoningEncryptedContent: seal.slice(colon + 1),
    },
  }
}
