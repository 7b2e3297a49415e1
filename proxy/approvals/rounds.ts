import type { JsonObject } from '../mcp/rpc.ts'
import type { OpenRequest } from './open-request.ts'
import type { Prepare } from './ready-call.ts'

const most = 4096
const longestMs = 600_000

/** A released call whose server has asked something. */
export interface Round {
  readonly request: OpenRequest
  readonly prepare: Prepare
}

/**
 * Calls that were released and that their servers have answered with questions. A stateless client answers by making
 * the same call again, with the state it was given: that is the same call still, and each state is good once.
 */
export class Rounds {
  readonly #open = new Map<string, Round & { readonly until: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Remembers the state that a server's result asks for more with; results that ask for nothing are none. */
  remember(round: Round, result: JsonObject): void {
    if (result.resultType !== 'input_required') return
    const key = keyOf(round.request.digest, result)
    this.#open.set(key, { ...round, until: this.#now() + longestMs })
    const [oldest] = this.#open.keys()
    if (this.#open.size > most && oldest !== undefined) this.#open.delete(oldest)
  }

  /** Whose next round a call with these params is; null when it is none. */
  take(digest: string, params: JsonObject): Round | null {
    if (this.#open.size === 0 || !Object.hasOwn(params, 'inputResponses')) return null
    const key = keyOf(digest, params)
    const round = this.#open.get(key)
    this.#open.delete(key)
    return round !== undefined && this.#now() < round.until ? round : null
  }
}

function keyOf(digest: string, { requestState }: JsonObject): string {
  return JSON.stringify([digest, requestState ?? null])
}
