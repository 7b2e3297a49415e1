import { hash } from 'node:crypto'
import type { outcomes } from '../../schemas/record.ts'
import { ProxyFailure } from '../failure.ts'
import type { Answer, Exchange, Firewall } from './exchange.ts'
import { asks, withInput } from './input-rounds.ts'
import type { Judged } from './judge.ts'
import type { EntryJson, NewEntry } from './needs.ts'
import { redactText } from './redact.ts'
import { answerRefusal, type Obstacle, type Refusal, refusalFor } from './refusal.ts'
import { errorJson, isObject, type JsonObject, resultJson } from './rpc.ts'
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
}

type Status = (typeof outcomes)[number]

interface Ending {
  readonly status: Status
  readonly reply?: Reply
  readonly failure?: ProxyFailure
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
  const common = commonOf(judged, allowed ? { ...entry, action, reason } : entry)
  const kept = await write(firewall, [
    entryNow(firewall, common, 'attempt', {}),
    entryNow(firewall, common, 'outcome', { status: 'refused', error: refusal.text }),
  ])
  const told = kept ? refusal : refusalFor('no_record', judged.subject)
  return answerRefusal(exchange, told, judged, structured)
}

/** Writes down a decision that needs no call of its own; true when it allows and is kept. */
export async function noteDown(firewall: Firewall, judged: Judged): Promise<boolean> {
  const allowed = judged.decision.action === 'allow'
  const common = commonOf(judged)
  const kept = await write(firewall, [
    entryNow(firewall, common, 'attempt', {}),
    entryNow(firewall, common, 'outcome', { status: allowed ? 'succeeded' : 'refused' }),
  ])
  return kept && allowed
}

/** Writes the attempt down, forwards the call at most once, writes the outcome down, answers. */
export async function forward(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
): Promise<Answer> {
  const { judged, structured } = errand
  const began = firewall.now()
  const stop = (obstacle: Obstacle, detail = '') =>
    answerRefusal(exchange, refusalFor(obstacle, judged.subject, detail), judged, structured)
  const common = commonOf(judged)
  const kept = write(firewall, [entryNow(firewall, common, 'attempt', {})])
  if (!(typeof kept === 'boolean' ? kept : await kept)) return stop('no_record')
  const ending = await send(firewall, exchange, errand)
  const durationMs = firewall.now() - began
  firewall.meter.upstream(errand.upstream.name, ending.status, durationMs / 1000)
  const outcome = { durationMs, status: ending.status, ...detailsOf(ending) }
  const ended = write(firewall, [entryNow(firewall, common, 'outcome', outcome)])
  if (!(typeof ended === 'boolean' ? ended : await ended)) return stop('answer_unrecorded')
  if (ending.reply !== undefined) {
    return asks(exchange, ending.reply)
      ? stop('not_relayable', 'the server asks for something that the client did not answer')
      : answerReply(exchange, errand, ending.reply)
  }
  const lost = ending.status === 'unknown' || ending.status === 'cancelled'
  return stop(lost ? 'answer_lost' : 'upstream_away', ending.failure?.message ?? 'no answer')
}

async function send(firewall: Firewall, exchange: Exchange, errand: Errand): Promise<Ending> {
  try {
    const reply = await ask(exchange, errand)
    const failed = reply.kind === 'error' || reply.value.isError === true
    return { status: failed ? 'failed' : 'succeeded', reply }
  } catch (error) {
    const failure = failureOf(error)
    if (failure.code === 'cancelled') return { status: 'cancelled', failure }
    if (!failure.mayHaveActed) return { status: 'failed', failure }
    const { client, id } = exchange
    firewall.accounts.lose(client.caller, lostKey(id, errand.judged), firewall.now())
    return { status: 'unknown', failure }
  }
}

/** A fault of Writ itself must leave a record as well. */
function failureOf(cause: unknown): ProxyFailure {
  if (cause instanceof ProxyFailure) return cause
  return new ProxyFailure('upstream_lost', 'an unexpected error in Writ', { cause })
}

/** What a stateless client would send again: the same id, to do the same. */
export function lostKey(id: Exchange['id'], { entry, subject }: Judged): string {
  return JSON.stringify([id, subject.kind, subject.name, entry.argsDigest])
}

/** A session that the server has forgotten is opened again: what it turned away was not done. */
function ask(exchange: Exchange, errand: Errand): Promise<Reply> {
  const { client } = exchange
  const { upstream } = errand
  const outgoing = outgoingOf(exchange, errand)
  return withInput(exchange, upstream, outgoing, async request => {
    const link = await upstream.link(client)
    try {
      return await link.request(request)
    } catch (error) {
      const forgotten = error instanceof ProxyFailure && error.code === 'upstream_refused'
      if (!forgotten || link.open) throw error
      const again = await upstream.link(client)
      return again.request(request)
    }
  })
}

function outgoingOf(exchange: Exchange, { upstream, request }: Errand): Outgoing {
  const { client, params, cancellation } = exchange
  const { _meta: meta } = params
  return {
    ...request,
    meta: isObject(meta) ? meta : {},
    timeoutMs: upstream.timeoutMs,
    cancellation,
    owner: client,
    onMessage: message => client.relay(exchange, upstream, message),
  }
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

function detailsOf({ reply, failure }: Ending): Partial<NewEntry> {
  if (failure !== undefined)
    return { upstreamStatus: failure.code, error: redactText(failure.message) }
  if (reply === undefined) return {}
  const { text, value, kind, status } = reply
  return {
    upstreamStatus: String(status),
    resultDigest: `sha256:${hash('sha256', text)}`,
    resultBytes: Buffer.byteLength(text),
    ...(kind === 'error' ? { error: `the server answered error ${codeOf(value)}` } : {}),
  }
}

function codeOf({ code }: JsonObject): string {
  return typeof code === 'number' ? String(code) : 'without a code'
}

/** The members that both entries of a call share: written once, for the arguments may be long. */
function commonOf({ entry, shownArgs }: Judged, told = entry): string {
  return `${JSON.stringify(told).slice(1, -1)},"args":${shownArgs}`
}

function entryNow(
  { now }: Firewall,
  common: string,
  phase: NewEntry['phase'],
  more: Partial<NewEntry>,
): EntryJson {
  const own = JSON.stringify({ time: new Date(now()).toISOString(), phase, ...more })
  return `${own.slice(0, -1)},${common}}`
}

/** False when the entries could not be kept. */
function write(
  { journal, meter }: Firewall,
  entries: readonly EntryJson[],
): boolean | Promise<boolean> {
  const failed = () => {
    meter.unrecorded()
    return false
  }
  try {
    const written = journal.write(entries)
    return written === undefined ? true : written.then(() => true, failed)
  } catch {
    return failed()
  }
}
