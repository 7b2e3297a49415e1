import { hash } from 'node:crypto'
import { extensionDigest } from '../../policy/spend/extension-digest.ts'
import { redactText } from '../../records/redact/redact.ts'
import type { ApprovalDesk } from '../approvals/approval-desk.ts'
import { ownerOf } from '../approvals/call-digest.ts'
import type { OpenRequest } from '../approvals/open-request.ts'
import { patienceFor } from '../approvals/patience.ts'
import { peopleIn } from '../approvals/pending-answer.ts'
import type { Cancellation } from '../mcp/cancellation.ts'
import { canonicalJson } from '../mcp/canonical-json.ts'
import type { JudgedCall } from '../mcp/judge.ts'
import type { Caller, NewQuestion, Tables } from '../mcp/needs.ts'
import type { Budgets, Reserved, Shortage } from './budgets.ts'
import { amountText } from './shortage-text.ts'

/** What it takes to have people extend a budget. */
export interface ExtensionDesk {
  readonly approvals: ApprovalDesk
  readonly tables: Pick<Tables, 'current'>
  readonly budgets: Budgets
}

/** The call that a budget does not pay for. */
export interface Short {
  readonly caller: Caller
  readonly judged: JudgedCall
  /** Aborts when nobody waits for the call any more. */
  readonly cancellation: Cancellation
  /** Sets aside once more what the call needs. */
  readonly again: () => Reserved | Promise<Reserved>
  /** Told that people are being asked, for so many ms at most; returns how to stop. */
  readonly onWait?: (request: OpenRequest, heldMs: number) => () => void
}

/**
 * Hands on what was reserved. Where a budget is exceeded that people may extend, it asks them, waits a while, and
 * reserves again once they have; else the shortage says what came of asking.
 */
export async function orExtended(
  desk: ExtensionDesk,
  short: Short,
  reserving: Reserved | Promise<Reserved>,
): Promise<Reserved> {
  const reserved = await reserving
  if (reserved.ok) return reserved
  const { shortage } = reserved
  const question = questionOf(desk, short, shortage)
  if (question === null) return reserved
  try {
    return await extended(desk, short, shortage, question)
  } catch {
    return refused(shortage, 'People who could extend it cannot be asked at the moment.')
  }
}

async function extended(
  desk: ExtensionDesk,
  short: Short,
  shortage: Shortage,
  question: NewQuestion,
): Promise<Reserved> {
  const { questions, requests } = desk.approvals
  const news = await questions.ask(question)
  const request = requests.open(news, ownerOf(short.caller), question.workflows)
  await waitFor(desk, short, request)
  if (request.news.state === 'approved' && !short.cancellation.aborted) {
    await claim(desk, short, request, question)
  }
  const { state } = request.news
  if (state !== 'consumed' && state !== 'void') return refused(shortage, told(request, shortage))
  // Whoever claimed it, here or elsewhere: the limit may be another now.
  desk.budgets.reconsider(shortage)
  return short.again()
}

async function waitFor(
  { approvals, tables }: ExtensionDesk,
  { caller, cancellation, onWait }: Short,
  request: OpenRequest,
): Promise<void> {
  const heldMs = patienceFor(tables.current(caller.namespace), request.workflows)
  if (request.news.state !== 'pending' || heldMs === 0) return
  const stop = onWait?.(request, heldMs)
  await approvals.requests.wait(request, heldMs, cancellation)
  stop?.()
}

async function claim(
  { approvals }: ExtensionDesk,
  { judged }: Short,
  request: OpenRequest,
  { digest, workflows, table }: NewQuestion,
): Promise<void> {
  const { call } = judged
  const asked = { call, digest, workflows: [...workflows], table }
  const answer = await approvals.questions.claim(request.id, asked)
  request.hear(answer?.news ?? null)
  if (answer?.granted === true) approvals.questions.ended(request.id, call, 'succeeded')
}

/** Null where nobody is to be asked, or nobody knows by how much. */
function questionOf(
  { tables }: ExtensionDesk,
  { caller, judged }: Short,
  { reason, budget, counter, window, state, needed }: Shortage,
): NewQuestion | null {
  const { extension: amount, onExceeded, workflow = '', name } = budget
  const table = tables.current(caller.namespace)
  const asks = reason === 'budget_exceeded' && onExceeded === 'require_approval'
  if (!asks || amount === undefined || state === undefined || table === null) return null
  const { namespace } = caller
  const { kind, name: called } = judged.subject
  const { limit, spent, reserved, extended } = state
  const about = (micro: number) => amountText(budget, micro)
  const args = {
    budget: name,
    counter,
    ...(window !== '' && { window }),
    extendBy: about(amount),
    ...{ limit: about(limit), spent: about(spent), reserved: about(reserved) },
    thisCallNeeds: about(needed),
  }
  const [file = 0, line] = budget.at
  const path = table.table.files[file]?.path
  return {
    call: judged.call,
    digest: extensionDigest({ namespace, budget: name, counter, window, extended }),
    ...ownerOf(caller),
    apiKey: caller.apiKey,
    ...(caller.agent.user !== '' && { user: caller.agent.user }),
    kind,
    name: redactText(called),
    args,
    argsDigest: `sha256:${hash('sha256', canonicalJson(args))}`,
    reason,
    rule: {
      message: `Budget "${name}" is exceeded.`,
      ...(path !== undefined && { file: path, line }),
    },
    workflows: [workflow],
    table: table.digest,
    extension: { budget: name, counter, window, amount, extended },
  }
}

function refused(shortage: Shortage, asked: string): Reserved {
  return { ok: false, shortage: { ...shortage, asked } }
}

function told({ id, news, workflows }: OpenRequest, { budget }: Shortage): string {
  const by = budget.extension === undefined ? '' : ` by ${amountText(budget, budget.extension)}`
  switch (news.state) {
    case 'denied':
      return `People were asked to extend it${by} and said no${news.reason ? `: ${news.reason}` : ''} (request ${id}).`
    case 'expired':
      return `People were asked to extend it${by} and did not answer in time (request ${id}).`
    case 'cancelled':
      return `The request to extend it${by} was withdrawn (request ${id}).`
    default:
      return `${peopleIn(workflows)} can extend it${by} and were asked (request ${id}): make the same call again later to have it done once they have.`
  }
}
