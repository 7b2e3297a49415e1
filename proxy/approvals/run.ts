import type { Answer, Exchange, Reach } from '../mcp/exchange.ts'
import { finishFor } from '../mcp/finish.ts'
import { rawMember } from '../mcp/raw-member.ts'
import { resultJson } from '../mcp/rpc.ts'

/** An answer without the id of its request. */
export interface KeptAnswer {
  readonly kind: 'result' | 'error'
  readonly text: string
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number
}

/** The one execution of an approved call. */
export class Run {
  /** The way to the client that was last given the answer, or waits for it. */
  reach: Reach
  /** Null while the call is under way, and once the answer has been let go. */
  kept: KeptAnswer | null = null
  under = true
  readonly #ended = Promise.withResolvers<void>()

  constructor(reach: Reach) {
    this.reach = reach
  }

  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Keeps what the call came to; null for what cannot be kept. */
  end(kept: KeptAnswer | null): void {
    if (!this.under) return
    this.under = false
    this.kept = kept
    this.#ended.resolve()
  }
}

/** Takes the answer to one request apart so that it can answer another. */
export function keptOf({ json }: Answer, now: number): KeptAnswer | null {
  for (const kind of ['result', 'error'] as const) {
    const text = rawMember(json, kind)
    if (text !== null) return { kind, text, at: now }
  }
  return null
}

/** A kept answer as the answer to this request. */
export function answerKept({ client, id }: Exchange, { kind, text }: KeptAnswer): Answer {
  if (kind === 'error')
    return { json: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${text}}` }
  const reply = { kind, text, value: JSON.parse(text), status: 200 }
  return { json: resultJson(id, finishFor(client.era)(reply)) }
}
