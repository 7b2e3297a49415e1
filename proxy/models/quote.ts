import type { TablePrice } from '../../schemas/rule-table.ts'
import type { Quote, Spender } from '../budgets/budgets.ts'
import type { Candidate } from './candidates.ts'
import type { Errand } from './gateway.ts'
import { inputBound } from './input-size.ts'
import { mostTokens } from './judge-model.ts'

/** An answer that is cut shorter than this is of little use. */
const usefulTokens = 256

const free = { input: 0, output: 0 }

/** The most that a request can use at a provider. */
export function quoteOf(errand: Errand, candidate: Candidate): Quote {
  const { asked } = errand
  const { provider, model } = candidate
  const most = mostTokens(errand, candidate)
  const least = Math.max(asked.leastTokens, Math.min(most, usefulTokens))
  const scripted = provider.protocol === 'scripted' ? free : null
  const price = knownPrice(errand, candidate) ?? scripted
  return {
    inputTokens: inputBound(asked.size, provider.protocol),
    outputTokens: most * asked.answers,
    leastOutputTokens: Math.min(most, least) * asked.answers,
    price,
    priceFrom: price === null ? 'unpriced' : (model.priceFrom ?? 'provider'),
  }
}

/** Whoever writes a price of their own knows what they use; a catalogue lists what plain requests cost. */
function knownPrice({ asked }: Errand, { provider, model }: Candidate): TablePrice | undefined {
  const covers = provider.protocol === 'scripted' || model.priceFrom !== 'catalogue'
  return asked.dearer && !covers ? undefined : model.price
}

/** Who spends on it. */
export function spenderOf({ caller, account }: Errand, candidate: Candidate): Spender {
  const { namespace, agent, apiKey } = caller
  return { namespace, agent, apiKey, session: account.id, model: candidate.name }
}

/** The limit of each answer that a grant for all of them amounts to; null where the client's own holds. */
export function limitOf(errand: Errand, candidate: Candidate, granted: number): number | null {
  const each = Math.floor(granted / errand.asked.answers)
  return each < mostTokens(errand, candidate) ? each : null
}
