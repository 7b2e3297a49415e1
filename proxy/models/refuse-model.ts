import type { JudgedCall } from '../mcp/judge.ts'
import { type Refusal, refusalFor } from '../mcp/refusal.ts'
import { type Ended, sharedText } from '../record/entry-text.ts'
import { keep } from '../record/keep.ts'
import { tellEnd } from '../telemetry/call-facts.ts'
import type { Errand, Gateway } from './gateway.ts'
import { type ProblemCode, turnAway } from './problem.ts'

/** Writes a request down that does not go out, attempt and outcome, and answers it. */
export async function refuseModel(
  gateway: Gateway,
  errand: Errand,
  judged: JudgedCall,
  refusal: Refusal,
  code: ProblemCode,
  ended?: Ended,
): Promise<void> {
  if (await noteRefusal(gateway, judged, refusal, ended)) tell(errand, judged, refusal, code)
  else tellUnrecorded(errand, judged)
}

/** Writes a request down that does not go out; false when it cannot be recorded. */
export function noteRefusal(
  gateway: Gateway,
  judged: JudgedCall,
  refusal: Refusal,
  ended: Ended = { status: 'refused', error: refusal.text },
): Promise<boolean> | boolean {
  const { entry, decision } = judged
  const { decision: action, reason } = refusal
  const told = decision.action === 'allow' ? { ...entry, action, reason } : entry
  const shared = sharedText(judged, told)
  const { texts } = gateway
  tellEnd(judged, ended, told)
  return keep(gateway, [texts.attempt(shared), texts.outcome(shared, ended)], judged)
}

/** Answers a request that goes no further and is on record. */
export function tell(
  { response, asked }: Errand,
  { call }: JudgedCall,
  { text }: Refusal,
  code: ProblemCode,
): void {
  turnAway(response, asked.endpoint.dialect, { code, message: `${text} (call ${call})` })
}

/** Answers a request that cannot be recorded. */
export function tellUnrecorded(errand: Errand, judged: JudgedCall): void {
  tell(errand, judged, refusalFor('no_record', judged.subject), 'not_recorded')
}
