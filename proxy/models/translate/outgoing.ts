import type { TranslateNeeds } from './translation.ts'

const passed = ['content-type', 'anthropic-version', 'anthropic-beta']

/** What a request of the provider library became. */
export interface Outgoing {
  readonly fetch: typeof globalThis.fetch
  /** What sending threw, if it did. */
  readonly thrown: () => { readonly error: unknown } | null
}

/**
 * Hands the one request of the provider library on without the credential that the library made up, and with no more
 * output tokens than allowed, thinking included.
 */
export function outgoing(
  needs: TranslateNeeds,
  signal: AbortSignal,
  maxOutputTokens: number | undefined,
): Outgoing {
  let thrown: { error: unknown } | null = null
  return {
    thrown: () => thrown,
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers)
      const kept = passed.filter(name => headers.has(name))
      try {
        return await needs.fetch(String(url), {
          method: 'POST',
          headers: Object.fromEntries(kept.map(name => [name, headers.get(name) ?? ''])),
          body: withinLimit(String(init?.body), maxOutputTokens),
          signal,
        })
      } catch (error) {
        thrown = { error }
        throw error
      }
    },
  }
}

interface Limited {
  max_tokens?: number
  thinking?: { type: string; budget_tokens?: number }
}

/** The library adds what it lets Anthropic's model think to the limit; a budget pays only for the limit. */
function withinLimit(body: string, limit: number | undefined): string {
  if (limit === undefined || !body.includes('"budget_tokens"')) return body
  const asked = JSON.parse(body) as Limited
  const budget = asked.thinking?.budget_tokens
  if (asked.max_tokens === undefined || budget === undefined || asked.thinking === undefined)
    return body
  asked.max_tokens = Math.min(asked.max_tokens, limit)
  const half = Math.floor(asked.max_tokens / 2)
  if (half < leastThinking) delete asked.thinking
  else asked.thinking.budget_tokens = Math.min(budget, half)
  return JSON.stringify(asked)
}

/** Anthropic takes no smaller budget. */
const leastThinking = 1024
