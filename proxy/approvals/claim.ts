import { count } from '../mcp/account.ts'
import { Cancellation } from '../mcp/cancellation.ts'
import type { Answer, Exchange, Firewall } from '../mcp/exchange.ts'
import { type Errand, forward, type Release } from '../mcp/forward.ts'
import type { Judged } from '../mcp/judge.ts'
import { type Refusal, refusalOfAsked } from '../mcp/refusal.ts'
import { refusalByNews, refusalWithout } from './asked-refusal.ts'
import type { OpenRequest } from './open-request.ts'
import { workflowsOf } from './question.ts'
import type { Prepare, Sendable } from './ready-call.ts'
import { keptOf, Run } from './run.ts'

/** What a claim is about. */
export interface Released {
  readonly request: OpenRequest
  readonly ready: Sendable
  readonly digest: string
  readonly prepare: Prepare
}

/** One claim to the one use of an approval, and the call that it releases. */
export class Claim implements Release {
  /** Set when another table is in force at the controller: the call is to be judged again. */
  stale = false
  readonly #firewall: Firewall
  readonly #exchange: Exchange
  readonly #released: Released
  #run: Run | null = null

  constructor(firewall: Firewall, exchange: Exchange, released: Released) {
    this.#firewall = firewall
    this.#exchange = exchange
    this.#released = released
  }

  async run(): Promise<Answer> {
    const { client, cancellation } = this.#exchange
    const { approvals, now } = this.#firewall
    // A stateless client that goes away comes back for the answer; the one with a session has to say that it gives up.
    const own = client.era === 'modern' ? new Cancellation() : cancellation
    let answer: Answer | null = null
    try {
      const errand = { ...this.#errand, release: this }
      answer = await forward(this.#firewall, { ...this.#exchange, cancellation: own }, errand)
      return answer
    } finally {
      const run = this.#run
      if (run !== null) approvals.requests.finish(run, answer && keptOf(answer, now()))
    }
  }

  /** Claims come one after another, so that one that is not granted knows why. */
  claim(): Promise<Refusal | null> {
    const claimed = this.#released.request.claiming.then(() => this.#claim())
    this.#released.request.claiming = claimed.catch(() => undefined)
    return claimed
  }

  ended(status: Parameters<Release['ended']>[0]): void {
    const { questions } = this.#firewall.approvals
    questions.ended(this.#released.request.id, this.#judged.call, status)
  }

  get #judged(): Judged {
    return this.#released.ready.errand.judged
  }

  get #errand(): Errand {
    const { errand } = this.#released.ready
    const { rounds } = this.#firewall.approvals
    return {
      ...errand,
      finish: reply => {
        rounds.remember(this.#released, reply.value)
        return errand.finish(reply)
      },
    }
  }

  async #claim(): Promise<Refusal | null> {
    const { subject, decision } = this.#judged
    const why = (detail: string) =>
      refusalOfAsked('approval_unavailable', decision, subject, detail)
    if (this.#released.request.run !== null) return this.#used()
    if (!this.#exchange.reach.reachable) return why('the client has gone away')
    try {
      return await this.#ask()
    } catch (error) {
      return refusalWithout(this.#judged, error)
    }
  }

  async #ask(): Promise<Refusal | null> {
    const { questions } = this.#firewall.approvals
    const { call, decision } = this.#judged
    const answer = await questions.claim(this.#released.request.id, {
      call,
      digest: this.#released.digest,
      workflows: [...workflowsOf(decision)],
      table: decision.table,
    })
    this.#released.request.hear(answer?.news ?? null)
    if (answer?.granted !== true) return this.#notGranted()
    this.#run = new Run(this.#exchange.reach)
    this.#released.request.run = this.#run
    const { kind, name } = this.#judged.subject
    if (kind === 'tool') count(this.#exchange.client.account, name)
    return null
  }

  #notGranted(): Refusal {
    const { subject, decision } = this.#judged
    const { news } = this.#released.request
    if (news.state !== 'approved') return refusalByNews(this.#judged, news)
    this.stale = true
    const detail = 'the policies are being replaced at this moment'
    return refusalOfAsked('approval_unavailable', decision, subject, detail)
  }

  #used(): Refusal {
    return refusalByNews(this.#judged, { ...this.#released.request.news, state: 'consumed' })
  }
}
