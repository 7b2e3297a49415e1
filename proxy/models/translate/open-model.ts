import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Api } from './for-provider.ts'
import type { Target } from './translation.ts'

/** The libraries insist on a credential; it is taken out again before anything is sent. */
const placeholder = 'none'

/** The model at the provider. The libraries are loaded when the first call needs them. */
export async function openModel(
  api: Api,
  target: Target,
  fetch: typeof globalThis.fetch,
): Promise<LanguageModelV4> {
  const settings = { apiKey: placeholder, baseURL: target.baseUrl, fetch }
  if (api === 'messages') {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return createAnthropic(settings).languageModel(target.model)
  }
  const { createOpenAI } = await import('@ai-sdk/openai')
  const provider = createOpenAI(settings)
  return api === 'chat' ? provider.chat(target.model) : provider.responses(target.model)
}
