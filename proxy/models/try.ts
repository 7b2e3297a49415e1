import type { HaltNotice } from '../../schemas/halt.ts'
import type { Actual, Reservation } from '../budgets/budgets.ts'
import { heldEntry } from '../budgets/held-entry.ts'
import { ProxyFailure } from '../failure.ts'
import { noteFault } from '../fault.ts'
import { cutEntry, haltedEntry, haltedRefusal } from '../halts/halted-call.ts'
import { untilHalted } from '../halts/halts.ts'
import type { JudgedCall } from '../mcp/judge.ts'
import type { NewEntry } from '../mcp/needs.ts'
import type { Refusal } from '../mcp/refusal.ts'
import { type Ended, type SharedText, sharedText } from '../record/entry-text.ts'
import { keep } from '../record/keep.ts'
import { tellEnd } from '../telemetry/call-facts.ts'
import type { Tried } from './attempt.ts'
import type { Candidate } from './candidates.ts'
import { type Ending, endedOf } from './ending.ts'
import type { Errand, Gateway } from './gateway.ts'
import type { Approved } from './hold-model.ts'
import { limitOf } from './quote.ts'
import { tell, tellUnrecorded } from './refuse-model.ts'
import { type Granted, sendModel, tellFailure } from './send-model.ts'
import { softWarning } from './soft-warning.ts'
import { toldOf, upstreamTrace } from './trace-of-model.ts'
import { speaks, translateModel } from './translate-model.ts'

export interface TryNeeds {
  readonly judged: JudgedCall
  readonly credential: string | null
  readonly reservation: Reservation
  /** Whether nobody was waited for before: neither people nor another provider. */
  readonly atOnce?: boolean
  readonly approved?: Approved
}

const notSent: Actual = { sent: false, usage: null }

/** One request on its way to one provider: attempt on record, claim, answer, outcome on record, and only then the end of the answer. */
export class Try {
  readonly #gateway: Gateway
  readonly #errand: Errand
  readonly #candidate: Candidate
  readonly #needs: TryNeeds
  readonly #shared: SharedText

  constructor(gateway: Gateway, errand: Errand, candidate: Candidate, needs: TryNeeds) {
    this.#gateway = gateway
    this.#errand = errand
    this.#candidate = candidate
    this.#needs = needs
    this.#shared = sharedText(needs.judged)
  }

  async run(): Promise<Tried> {
    const { judged, reservation } = this.#needs
    const { texts } = this.#gateway
    if (this.#errand.cancellation.aborted) return this.#givenUp()
    const attempt = texts.attempt(this.#shared, heldEntry(reservation))
    if (!(await keep(this.#gateway, [attempt], judged))) {
      reservation.settle(notSent)
      tellUnrecorded(this.#errand, judged)
      return { kind: 'answered' }
    }
    if (!(await this.#claimed())) return { kind: 'answered' }
    return this.#send()
  }

  /** The client went away while others were waited for. */
  async #givenUp(): Promise<Tried> {
    const { texts } = this.#gateway
    this.#needs.reservation.settle(notSent)
    const ended = {
      status: 'cancelled',
      error: 'the client went away, and nothing was sent',
    } as const
    const { judged } = this.#needs
    tellEnd(judged, ended)
    const entries = [texts.attempt(this.#shared), texts.outcome(this.#shared, ended)]
    await keep(this.#gateway, entries, judged)
    return { kind: 'answered' }
  }

  #halted(): Refusal | null {
    const halt = this.#gateway.halts.on(this.#errand.caller, 'model')
    return halt && haltedRefusal(halt, this.#needs.judged.subject)
  }

  /** False when it is halted or the approval cannot be used, and the request was refused. */
  async #claimed(): Promise<boolean> {
    const { judged, reservation, approved } = this.#needs
    const halted = this.#halted()
    const refusal = halted ?? (approved && ((await approved.claim()) ?? this.#halted())) ?? null
    if (refusal === null) return true
    const settled = this.#settle(notSent)
    const told = refusal.halt === undefined ? judged.entry : haltedEntry(judged, refusal.halt)
    const kept = await this.#keep({ status: 'refused', error: refusal.text, ...settled }, told)
    if (kept) tell(this.#errand, judged, refusal, 'policy_denied')
    else tellUnrecorded(this.#errand, judged)
    reservation.settle(notSent)
    return false
  }

  async #send(): Promise<Tried> {
    const { meter, now } = this.#gateway
    const { account, asked, arrivedAt } = this.#errand
    const { provider } = this.#candidate
    const began = now()
    if (asked.endpoint.verdict !== 'count') account.modelCalls++
    if (this.#needs.atOnce) meter.added('model', (meter.clock() - arrivedAt) / 1000)
    const ending = await this.#untilHalted()
    const durationMs = now() - began
    meter.upstream(provider.name, ending.outcome, durationMs / 1000)
    const settled = this.#settle(ending.actual)
    const ended = { ...endedOf(ending, durationMs), ...settled }
    this.#needs.approved?.ended(ending.outcome)
    const { judged } = this.#needs
    const { halt } = this.#errand.cancellation
    const isCut = halt !== null && ending.outcome === 'cancelled'
    if (!(await this.#keep(ended, isCut ? cutEntry(judged, halt.id) : judged.entry))) {
      this.#withhold()
      return { kind: 'answered' }
    }
    if (ending.another) return { kind: 'failed', answer: () => ending.finish() }
    ending.finish()
    return { kind: 'answered' }
  }

  async #untilHalted(): Promise<Ending> {
    const { caller, cancellation } = this.#errand
    const cut = (halt: HaltNotice) => cancellation.abort(halt)
    const stop = untilHalted(this.#gateway.halts, caller, 'model', cut)
    return this.#ending().finally(stop)
  }

  async #ending(): Promise<Ending> {
    const { credential, reservation, judged } = this.#needs
    const granted: Granted = {
      credential,
      limit: limitOf(this.#errand, this.#candidate, reservation.maxOutputTokens),
      headers: softWarning(reservation),
    }
    const send = speaks(this.#errand, this.#candidate) ? sendModel : translateModel
    const sending = upstreamTrace(this.#errand, this.#candidate, judged)
    const traced = sending && { trace: sending.context }
    const ending = await send(this.#gateway, this.#errand, this.#candidate, {
      ...granted,
      ...traced,
    }).catch(cause => this.#fault(cause))
    sending?.ended(toldOf(ending))
    return ending
  }

  /** A fault of Writ itself must leave a record as well. */
  #fault(cause: unknown): Ending {
    noteFault(this.#gateway, cause, this.#errand.trace)
    const failure = new ProxyFailure('upstream_lost', 'an unexpected error in Writ', { cause })
    return {
      outcome: 'unknown',
      upstreamStatus: failure.code,
      actual: { sent: true, usage: null },
      error: failure.message,
      another: false,
      finish: () => tellFailure(this.#errand, failure),
    }
  }

  #settle(actual: Actual): Partial<NewEntry> {
    const { costMicroUsd, costSource, charges } = this.#needs.reservation.settle(actual)
    this.#errand.account.spentMicroUsd += costMicroUsd ?? 0
    return { costSource, charges, ...(costMicroUsd !== undefined && { costMicroUsd }) }
  }

  #keep(ended: Ended, told: JudgedCall['entry']): Promise<boolean> | boolean {
    const { judged } = this.#needs
    tellEnd(judged, ended, told)
    const shared = told === judged.entry ? this.#shared : sharedText(judged, told)
    return keep(this.#gateway, [this.#gateway.texts.outcome(shared, ended)], judged)
  }

  /** What cannot be recorded is not handed over; what has begun is not ended as if it were whole. */
  #withhold(): void {
    const { response } = this.#errand
    if (response.headersSent) response.destroy()
    else tellUnrecorded(this.#errand, this.#needs.judged)
  }
}
