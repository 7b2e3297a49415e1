import type { OpenRequest } from '../approvals/open-request.ts'
import { sayProgress } from '../approvals/progress.ts'
import type { Reservation, Reserved, Shortage } from '../budgets/budgets.ts'
import { orExtended } from '../budgets/extension.ts'
import { shortageFacts, shortageText } from '../budgets/shortage-text.ts'
import type { Meter } from '../meter.ts'
import type { Exchange, Firewall } from './exchange.ts'
import type { Judged } from './judge.ts'
import type { NewEntry } from './needs.ts'
import { calledIn, type Refusal } from './refusal.ts'

/** Sets aside what a call counts for; null at once when no budget concerns it. */
export function reserveFor(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
): Reserved | Promise<Reserved> | null {
  const { client } = exchange
  const { subject } = judged
  if (subject.kind !== 'tool') return null
  const { namespace, agent, apiKey } = client.caller
  const { id: session } = client.account
  const spender = { namespace, agent, apiKey, session, tool: subject.name }
  const reserving = firewall.budgets.reserveTool(spender)
  if (reserving === null || (!(reserving instanceof Promise) && reserving.ok)) return reserving
  const { caller } = client
  const { cancellation } = exchange
  const again = () => firewall.budgets.reserveTool(spender) ?? reserving
  const onWait = (request: OpenRequest, heldMs: number) =>
    sayProgress(exchange, request, heldMs, firewall.now)
  return orExtended(firewall, { caller, judged, cancellation, again, onWait }, reserving)
}

/** The refusal of a call that a budget does not pay for. */
export function refusalByBudget(meter: Meter, shortage: Shortage, { subject }: Judged): Refusal {
  meter.unpaid(`${shortage.namespace}/${shortage.budget.name}`, shortage.reason)
  return {
    decision: 'deny',
    reason: shortage.reason,
    budget: shortageFacts(shortage),
    text: `Writ refused ${calledIn(subject)}: ${shortageText(shortage)}`,
  }
}

/** Ends the reservation of a call that has ended, and says what its outcome tells about money. */
export function settledEntry(
  { account }: Exchange['client'],
  reservation: Reservation,
  sent: boolean,
): Partial<NewEntry> {
  const { charges, costMicroUsd, costSource } = reservation.settle({ sent, usage: null })
  if (!sent) return {}
  if (costMicroUsd === undefined) return { charges }
  account.spentMicroUsd += costMicroUsd
  return { charges, costMicroUsd, costSource }
}
