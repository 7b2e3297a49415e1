import type { CatalogueModel, PriceCatalogue } from '../../schemas/price-catalogue.ts'

/** A model in the list of LiteLLM: USD per token. */
interface Listed {
  readonly litellm_provider?: string
  readonly mode?: string
  readonly input_cost_per_token?: number
  readonly output_cost_per_token?: number
  readonly cache_read_input_token_cost?: number
  readonly cache_creation_input_token_cost?: number
  readonly input_cost_per_request?: number
  readonly output_cost_per_audio_token?: number
  readonly output_cost_per_image_token?: number
  readonly max_output_tokens?: unknown
}

/** Vendors whose API is that of OpenAI or Anthropic. */
const vendors = [
  { name: 'anthropic', provider: 'anthropic', hosts: ['api.anthropic.com'], elsewhere: true },
  { name: 'cerebras', provider: 'cerebras', hosts: ['api.cerebras.ai'], elsewhere: false },
  { name: 'deepseek', provider: 'deepseek', hosts: ['api.deepseek.com'], elsewhere: true },
  {
    name: 'gemini',
    provider: 'gemini',
    hosts: ['generativelanguage.googleapis.com'],
    elsewhere: true,
  },
  { name: 'groq', provider: 'groq', hosts: ['api.groq.com'], elsewhere: false },
  { name: 'mistral', provider: 'mistral', hosts: ['api.mistral.ai'], elsewhere: true },
  { name: 'moonshot', provider: 'moonshot', hosts: ['api.moonshot.ai'], elsewhere: false },
  { name: 'openai', provider: 'openai', hosts: ['api.openai.com'], elsewhere: true },
  {
    name: 'together',
    provider: 'together_ai',
    hosts: ['api.together.ai', 'api.together.xyz'],
    elsewhere: false,
  },
  { name: 'xai', provider: 'xai', hosts: ['api.x.ai'], elsewhere: true },
  { name: 'zai', provider: 'zai', hosts: ['api.z.ai'], elsewhere: false },
] as const

/**
 * The catalogue that is kept of LiteLLM's model_prices_and_context_window.json (MIT): models that chat,
 * answer or embed in text, of vendors that speak a protocol of ours. What costs by another measure is left
 * out: a price that is not known is refused, one that is too low is paid.
 */
export function priceCatalogue(
  list: Readonly<Record<string, Listed>>,
  of: { readonly version: string; readonly date: string },
): PriceCatalogue {
  return {
    format: 'writ.dev/prices/v1',
    source: `litellm ${of.version}, model_prices_and_context_window_backup.json`,
    licence: 'MIT, Copyright (c) 2023 Berri AI',
    date: of.date,
    vendors: vendors.map(({ name, provider, hosts, elsewhere }) => ({
      name,
      hosts: [...hosts],
      elsewhere,
      models: Object.fromEntries(modelsOf(list, provider)),
    })),
  }
}

function modelsOf(list: Readonly<Record<string, Listed>>, provider: string) {
  const models = new Map<string, CatalogueModel>()
  for (const [key, listed] of Object.entries(list)) {
    if (listed.litellm_provider !== provider) continue
    const name = key.startsWith(`${provider}/`) ? key.slice(provider.length + 1) : key
    const model = byOtherMeasures.test(name) ? null : modelOf(listed)
    if (model !== null && !models.has(name)) models.set(name, model)
  }
  return [...models].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Each search costs besides. */
const byOtherMeasures = /search|research/

const modes: readonly unknown[] = ['chat', 'responses', 'embedding']

function modelOf(listed: Listed): CatalogueModel | null {
  const { mode, input_cost_per_token: input, output_cost_per_token: output, ...more } = listed
  const speaks = more.output_cost_per_audio_token ?? more.output_cost_per_image_token
  if (!modes.includes(mode) || speaks !== undefined || input === undefined) return null
  if (output === undefined && mode !== 'embedding') return null
  // What is free to try is not free for everybody.
  if (input + (output ?? 0) === 0) return null
  const { cache_read_input_token_cost: read, cache_creation_input_token_cost: write } = more
  const { input_cost_per_request: request, max_output_tokens: most } = more
  return {
    input: perMillion(input),
    output: perMillion(output ?? 0),
    ...(read !== undefined && { cacheRead: perMillion(read) }),
    // Some list zero for a write that is charged as input.
    ...(write !== undefined && write > 0 && { cacheWrite: perMillion(write) }),
    ...(request !== undefined && request > 0 && { request: Math.ceil(request * 1e6) }),
    ...(isCount(most) && mode !== 'embedding' && { maxOutputTokens: most }),
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0
}

/** Whole micro-USD per million tokens, rounded up behind the noise of binary fractions. */
function perMillion(usdPerToken: number): number {
  return Math.ceil(Number((usdPerToken * 1e12).toPrecision(12)))
}
