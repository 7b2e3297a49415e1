import { hash } from 'node:crypto'
import type { Reservation, Reserved } from '../budgets/budgets.ts'
import { heldEntry } from '../budgets/held-entry.ts'
import { cutEntry, haltedEntry, haltedRefusal } from '../halts/halted-call.ts'
import { type Ended, sharedText } from '../record/entry-text.ts'
import { keep } from '../record/keep.ts'
import { tellEnd } from '../telemetry/call-facts.ts'
import { inStep } from '../telemetry/call-trace.ts'
import type { Answer, Exchange, Firewall } from './exchange.ts'
import { asks } from './input-rounds.ts'
import type { Judged } from './judge.ts'
import type { Outcome } from './needs.ts'
import { answerRefusal, type Obstacle, type Refusal, refusalFor } from './refusal.ts'
import { errorJson, type JsonObject, resultJson } from './rpc.ts'
import { type Ending, lostKey, sendErrand } from './send-errand.ts'
import { refusalByBudget, reserveFor, settledEntry } from './tool-budget.ts'
import type { Outgoing, Reply } from './upstream/link.ts'
import type { Upstream } from './upstream/upstream.ts'

/** A judged call on its way to a server. */
export interface Errand {
  readonly judged: Judged
  readonly upstream: Upstream
  readonly request: Pick<Outgoing, 'method' | 'params' | 'name' | 'headers'>
  /** Whether a refusal may carry structured content; clients hold it against the tool's output schema. */
  readonly structured: boolean
  /** The result as this client shall get it. */
  readonly finish: (reply: Reply) => string
  readonly release?: Release
}

/** What an approved call must have once its attempt is on record and before it goes out. */
export interface Release {
  /** Null when the call may go out now, once. */
  claim(): Promise<Refusal | null>
  /** Told how a call ended that went out. */
  ended(status: Outcome): void
}

/** Writes a refused call down, attempt and outcome, and answers it. */
export async function refuse(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
  refusal: Refusal,
  structured = true,
): Promise<Answer> {
  const { decision: action, reason } = refusal
  const allowed = judged.decision.action === 'allow'
  const { entry } = judged
  const told = allowed ? { ...entry, action, reason } : entry
  const ended = { status: 'refused', error: refusal.text } as const
  const kept = await writeDown(firewall, judged, ended, told)
  return answerRefusal(
    exchange,
    kept ? refusal : refusalFor('no_record', judged.subject),
    judged,
    structured,
  )
}

/** Writes a call down that does not go out: attempt and outcome. False when they cannot be kept. */
export function writeDown(
  firewall: Firewall,
  judged: Judged,
  ended: Ended,
  entry = judged.entry,
): Promise<boolean> | boolean {
  const shared = sharedText(judged, entry)
  const { texts } = firewall
  tellEnd(judged, ended, entry)
  return keep(firewall, [texts.attempt(shared), texts.outcome(shared, ended)], judged)
}

/** Writes down a decision that needs no call of its own; true when it allows and is kept. */
export async function noteDown(firewall: Firewall, judged: Judged): Promise<boolean> {
  const allowed = judged.decision.action === 'allow'
  const kept = await writeDown(firewall, judged, { status: allowed ? 'succeeded' : 'refused' })
  return kept && allowed
}

/** Has the budgets pay, writes the attempt down, forwards the call at most once, writes the outcome down, answers. */
export function forward(firewall: Firewall, exchange: Exchange, errand: Errand): Promise<Answer> {
  const reserving = reserveFor(firewall, exchange, errand.judged)
  return reserving === null
    ? forwardPaid(firewall, exchange, errand, null)
    : pay(
        firewall,
        exchange,
        errand,
        inStep(exchange.trace, 'reserve', () => reserving),
      )
}

async function pay(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
  reserving: Reserved | Promise<Reserved>,
): Promise<Answer> {
  const { judged, structured } = errand
  const reserved = await reserving
  if (!reserved.ok) {
    const refusal = refusalByBudget(firewall.meter, reserved.shortage, judged)
    return refuse(firewall, exchange, judged, refusal, structured)
  }
  const { reservation } = reserved
  try {
    return await forwardPaid(firewall, exchange, errand, reservation)
  } finally {
    reservation.settle({ sent: true, usage: null })
  }
}

async function forwardPaid(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
  reservation: Reservation | null,
): Promise<Answer> {
  const { judged, structured } = errand
  const { texts } = firewall
  const began = firewall.now()
  const stop = (obstacle: Obstacle, detail = '') =>
    answerRefusal(exchange, refusalFor(obstacle, judged.subject, detail), judged, structured)
  const shared = sharedText(judged)
  const attempt = texts.attempt(shared, reservation ? heldEntry(reservation) : undefined)
  if (!(await keep(firewall, [attempt], judged))) {
    reservation?.settle({ sent: false, usage: null })
    return stop('no_record')
  }
  const refusal = await whyNow(firewall, exchange, errand)
  if (refusal !== null) {
    reservation?.settle({ sent: false, usage: null })
    return keepBack(firewall, exchange, errand, refusal)
  }
  const sentAt = firewall.meter.clock()
  const ending = await sendErrand(firewall, exchange, errand)
  const waitedMs = firewall.meter.clock() - sentAt
  const durationMs = firewall.now() - began
  firewall.meter.upstream(errand.upstream.name, ending.status, durationMs / 1000)
  const paid = reservation && settledEntry(exchange.client, reservation, wentOut(ending))
  const ended = { ...endedOf(ending, durationMs), ...paid }
  const told = ending.halt === undefined ? judged.entry : cutEntry(judged, ending.halt)
  tellEnd(judged, ended, told)
  errand.release?.ended(ending.status)
  const outcome = texts.outcome(told === judged.entry ? shared : sharedText(judged, told), ended)
  if (!(await keep(firewall, [outcome], judged))) return stop('answer_unrecorded')
  if (errand.release === undefined) noteAdded(firewall, exchange, judged, waitedMs)
  return answerTo(exchange, errand, ending, stop)
}

/** Why a call does not go out whose attempt is on record: it is halted by now, or its approval cannot be used. */
async function whyNow(
  { halts }: Firewall,
  { client }: Exchange,
  { judged, release }: Errand,
): Promise<Refusal | null> {
  const { subject } = judged
  const halted = () => {
    const halt = halts.on(client.caller, subject.kind)
    return halt && haltedRefusal(halt, subject)
  }
  if (release === undefined) return halted()
  return halted() ?? (await release.claim()) ?? halted()
}

/** Nobody waits for the answer of a call that goes on by itself. */
function noteAdded(
  { meter }: Firewall,
  { arrivedAt, unheard }: Exchange,
  { subject }: Judged,
  waitedMs: number,
): void {
  if (!unheard) meter.added(subject.kind, (meter.clock() - arrivedAt - waitedMs) / 1000)
}

/** Whether the server may have done what was asked. */
function wentOut({ failure }: Ending): boolean {
  return failure === undefined || failure.code === 'cancelled' || failure.mayHaveActed
}

function answerTo(
  exchange: Exchange,
  errand: Errand,
  { status, reply, failure }: Ending,
  stop: (obstacle: Obstacle, detail: string) => Answer,
): Answer {
  if (reply !== undefined) {
    return asks(exchange, reply)
      ? stop('not_relayable', 'the server asks for something that the client did not answer')
      : answerReply(exchange, errand, reply)
  }
  const lost = status === 'unknown' || status === 'cancelled'
  return stop(lost ? 'answer_lost' : 'upstream_away', failure?.message ?? 'no answer')
}

/** Ends a call whose attempt is on record and that does not go out. */
async function keepBack(
  firewall: Firewall,
  exchange: Exchange,
  { judged, structured }: Errand,
  refusal: Refusal,
): Promise<Answer> {
  const { texts } = firewall
  const ended = { status: 'refused', error: refusal.text } as const
  const told = refusal.halt === undefined ? judged.entry : haltedEntry(judged, refusal.halt)
  tellEnd(judged, ended, told)
  const kept = await keep(firewall, [texts.outcome(sharedText(judged, told), ended)], judged)
  const answered = kept ? refusal : refusalFor('no_record', judged.subject)
  return answerRefusal(exchange, answered, judged, structured)
}

/** Notes that a call goes out; true when one has gone out before that this may be a repetition of. */
export function isRepeated(
  { accounts, now }: Firewall,
  { client, id }: Exchange,
  judged: Judged,
): boolean {
  if (!client.claim(id)) return true
  return client.era === 'modern' && accounts.lost(client.caller, () => lostKey(id, judged), now())
}

function answerReply({ id, client }: Exchange, errand: Errand, reply: Reply): Answer {
  if (reply.kind === 'result') return { json: resultJson(id, errand.finish(reply)) }
  const { code, message, data } = reply.value
  const known = typeof code === 'number' ? code : -32603
  const json = errorJson(id, codeFor(client.era, known, data), String(message), data)
  return known === -32021 ? { json, status: 400 } : { json }
}

/** 2026-07-28 has no code of its own for a resource that is not there. */
function codeFor(era: 'legacy' | 'modern', code: number, data: unknown): number {
  if (era === 'modern' && code === -32002) return -32602
  const named = typeof data === 'object' && data !== null && 'uri' in data
  return era === 'legacy' && code === -32602 && named ? -32002 : code
}

function endedOf({ status, reply, failure }: Ending, durationMs: number): Ended {
  if (failure !== undefined) {
    const error = failure.message
    return { durationMs, status, upstreamStatus: failure.code, error }
  }
  if (reply === undefined) return { durationMs, status }
  const { text, value, kind } = reply
  const ended = {
    durationMs,
    status,
    upstreamStatus: String(reply.status),
    resultDigest: `sha256:${hash('sha256', text)}`,
    resultBytes: Buffer.byteLength(text),
  }
  return kind === 'result'
    ? ended
    : { ...ended, error: `the server answered error ${codeOf(value)}` }
}

function codeOf({ code }: JsonObject): string {
  return typeof code === 'number' ? String(code) : 'without a code'
}
