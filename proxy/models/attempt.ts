import type { Reservation, Settled } from '../budgets/budgets.ts'
import { orExtended } from '../budgets/extension.ts'
import { shortageFacts, shortageText } from '../budgets/shortage-text.ts'
import type { JudgedCall } from '../mcp/judge.ts'
import { calledIn } from '../mcp/refusal.ts'
import { inStep } from '../telemetry/call-trace.ts'
import type { Candidate } from './candidates.ts'
import type { Errand, Gateway } from './gateway.ts'
import { type Approved, holdModel } from './hold-model.ts'
import { judgeModel, refusalOf } from './judge-model.ts'
import { quoteOf, spenderOf } from './quote.ts'
import { noteRefusal, refuseModel } from './refuse-model.ts'
import { Try } from './try.ts'

/** What the client would be answered should nobody else be able to. */
export interface Failed {
  readonly kind: 'failed'
  readonly answer: () => void
}

/** What became of a try. */
export type Tried = { readonly kind: 'answered' } | Failed

const answered: Tried = { kind: 'answered' }

/**
 * Asks one provider: judges the request for it, has people and budgets agree, sends it, and writes down how it ended. A
 * provider that may not be asked in place of one that failed leaves the answer to that one.
 */
export async function attempt(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  credential: string | null,
  before: Failed | null,
): Promise<Tried> {
  const judged = judgeModel(gateway, errand, candidate)
  if (judged.decision.action === 'deny') {
    if (before === null) await denied(gateway, errand, candidate, judged)
    else await noteRefusal(gateway, judged, refusalOf(gateway, errand, candidate, judged))
    return before ?? answered
  }
  if (judged.decision.action === 'allow')
    return pay(gateway, errand, candidate, { judged, credential, atOnce: before === null })
  const approved = await holdModel(gateway, errand, candidate, judged)
  if (approved === null) return answered
  return pay(gateway, errand, candidate, { judged: approved.judged, credential, approved })
}

/** Refuses a request that the table denies. */
export function denied(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate | null,
  judged: JudgedCall,
): Promise<void> {
  const refusal = refusalOf(gateway, errand, candidate, judged)
  const code = refusal.reason === 'unknown_name' ? 'model_not_found' : 'policy_denied'
  return refuseModel(gateway, errand, judged, refusal, code)
}

interface Granted {
  readonly judged: JudgedCall
  readonly credential: string | null
  readonly atOnce?: boolean
  readonly approved?: Approved
}

async function pay(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  granted: Granted,
): Promise<Tried> {
  const reserving = () => reserve(gateway, errand, candidate, granted.judged)
  const reservation = await inStep(errand.trace, 'reserve', reserving)
  if (reservation === null) return answered
  try {
    return await new Try(gateway, errand, candidate, { ...granted, reservation }).run()
  } finally {
    // Whatever failed: what may have been sent is paid for.
    reservation.settle({ sent: true, usage: null })
  }
}

/** Null when a budget does not pay, and the request was refused. */
async function reserve(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  judged: JudgedCall,
): Promise<Reservation | null> {
  if (errand.asked.endpoint.verdict === 'count') return forNothing
  const [spender, quote] = [spenderOf(errand, candidate), quoteOf(errand, candidate)]
  const again = () => gateway.budgets.reserve(spender, quote)
  const { caller, cancellation } = errand
  const reserving = again()
  const reserved =
    !(reserving instanceof Promise) && reserving.ok
      ? reserving
      : await orExtended(gateway, { caller, judged, cancellation, again }, reserving)
  if (reserved.ok) return reserved.reservation
  const { shortage } = reserved
  gateway.meter.unpaid(`${shortage.namespace}/${shortage.budget.name}`, shortage.reason)
  const refusal = {
    decision: 'deny' as const,
    reason: shortage.reason,
    budget: shortageFacts(shortage),
    text: `Writ refused ${calledIn(judged.subject)}: ${shortageText(shortage)}`,
  }
  await refuseModel(gateway, errand, judged, refusal, shortage.reason)
  return null
}

const nothing: Settled = { costMicroUsd: 0, costSource: 'provider', charges: [] }

/** Providers count tokens for nothing. */
const forNothing: Reservation = {
  maxOutputTokens: 0,
  reservedMicroUsd: 0,
  charges: [],
  softLimits: [],
  settle: () => nothing,
}
