import type { Reservation, Reserved, Shortage } from '../budgets/budgets.ts'
import { shortageFacts, shortageText } from '../budgets/shortage-text.ts'
import type { Exchange, Firewall } from './exchange.ts'
import type { Judged } from './judge.ts'
import type { NewEntry } from './needs.ts'
import { calledIn, type Refusal } from './refusal.ts'

/** Sets aside what a call counts for; null at once when no budget concerns it. */
export function reserveFor(
  { budgets }: Firewall,
  { client }: Exchange,
  { subject }: Judged,
): Reserved | Promise<Reserved> | null {
  if (subject.kind !== 'tool') return null
  const { namespace, agent, apiKey } = client.caller
  const { id: session } = client.account
  return budgets.reserveTool({ namespace, agent, apiKey, session, tool: subject.name })
}

/** The refusal of a call that a budget does not pay for. */
export function refusalByBudget(shortage: Shortage, { subject }: Judged): Refusal {
  return {
    decision: 'deny',
    reason: shortage.reason,
    budget: shortageFacts(shortage),
    text: `Writ refused ${calledIn(subject)}: ${shortageText(shortage)}`,
  }
}

/** What the attempt of a call says was set aside for it. */
export function heldEntry({ charges, reservedMicroUsd }: Reservation): Partial<NewEntry> {
  return { charges, ...(reservedMicroUsd !== undefined && { reservedMicroUsd }) }
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
