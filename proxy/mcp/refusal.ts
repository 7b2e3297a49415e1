import type { Decision } from '../../schemas/decision.ts'
import type { ShortageFacts } from '../budgets/shortage-text.ts'
import { type Answer, answerError, answerWith, type Exchange } from './exchange.ts'
import type { Judged, Subject } from './judge.ts'
import { codes, type JsonObject } from './rpc.ts'

/** Why a call goes no further, apart from what a policy says. */
export type Obstacle =
  | 'unknown_name'
  | 'ambiguous_name'
  | 'repeated_id'
  | 'headers_disagree'
  | 'no_record'
  | 'answer_unrecorded'
  | 'upstream_away'
  | 'answer_lost'
  | 'not_relayable'

/** What may come of asking people, besides their approval. */
export type ApprovalObstacle =
  | 'approval_unavailable'
  | 'approval_denied'
  | 'approval_expired'
  | 'approval_cancelled'
  | 'approval_void'
  | 'approval_used'

/** What a refused caller gets to know. Nothing in it is secret. */
export interface Refusal {
  readonly decision: 'deny' | 'require_approval'
  readonly reason: string
  readonly rule?: string
  readonly policy?: string
  /** The halt that stands in the way. */
  readonly halt?: string
  /** The budget that does not pay. */
  readonly budget?: ShortageFacts
  /** Full sentences for the model. */
  readonly text: string
}

/** The refusal that a denial amounts to; null for what is allowed or left to people. */
export function refusalBy(decision: Decision, subject: Subject): Refusal | null {
  if (decision.action !== 'deny') return null
  const text = `Writ refused ${calledIn(subject)}: ${becauseOf(decision)} ${remedyFor(decision)}`
  return { decision: 'deny', reason: decision.reason, ...namesIn(decision), text }
}

/** The refusal of a call that a decision left to people, who did not let it through. */
export function refusalOfAsked(
  obstacle: ApprovalObstacle,
  decision: Decision,
  subject: Subject,
  detail: string,
): Refusal {
  const asked = decision.action === 'require_approval'
  const because = asked ? `: ${becauseOf(decision)}` : '.'
  const text = `Writ refused ${calledIn(subject)}${because} ${outcomes[obstacle](detail)}`
  return { decision: 'require_approval', reason: obstacle, ...namesIn(decision), text }
}

function namesIn({ rule, policy, halt }: Decision): Pick<Refusal, 'rule' | 'policy' | 'halt'> {
  return {
    ...(halt === undefined ? {} : { halt }),
    ...(rule === undefined ? {} : { rule }),
    ...(policy === undefined ? {} : { policy }),
  }
}

/** The refusal for an obstacle that no policy put there. */
export function refusalFor(obstacle: Obstacle, subject: Subject, detail = ''): Refusal {
  const what = calledIn(subject)
  return { decision: 'deny', reason: obstacle, text: texts[obstacle](what, detail) }
}

const texts: { readonly [O in Obstacle]: (what: string, detail: string) => string } = {
  unknown_name: what =>
    `Writ refused ${what}: nothing of that name is available to you. Use what the list shows.`,
  ambiguous_name: what =>
    `Writ refused ${what}: two servers use that name and neither may answer for the other. Ask whoever owns the policies to give one ToolServer a prefix.`,
  repeated_id: what =>
    `Writ refused ${what}: a call with this request id has been sent before and is never sent twice. Make a new call if you want it done again.`,
  headers_disagree: (what, detail) => `Writ refused ${what}: ${detail}.`,
  no_record: what =>
    `Writ refused ${what}: it cannot be recorded at the moment, and what is not recorded is not done. Nothing was sent; try again later.`,
  answer_unrecorded: what =>
    `Writ sent ${what}, but how it ended could not be recorded, so the answer is withheld. Check what it did before you call again.`,
  upstream_away: (what, detail) =>
    `Writ allowed ${what}, but it was not done: ${detail}. Nothing happened there; try again later.`,
  answer_lost: (what, detail) =>
    `Writ sent ${what}, but the answer was lost: ${detail}. It may or may not have been done; check before you call again. Writ does not send it twice.`,
  not_relayable: (what, detail) =>
    `Writ allowed ${what}, but it cannot be finished here: ${detail}. Use a client that can answer such questions.`,
}

const outcomes: { readonly [O in ApprovalObstacle]: (detail: string) => string } = {
  approval_unavailable: detail =>
    `People cannot be asked at the moment: ${detail}. Nothing was sent; try again later.`,
  approval_denied: detail =>
    `${detail} It was not done. Do not repeat the call as it is: do what was asked for, or find another way.`,
  approval_expired: detail =>
    `${detail} It was not done. Silence is no consent: ask again only if it still matters.`,
  approval_cancelled: detail => `${detail} It was not done.`,
  approval_void: detail =>
    `${detail} It was not done. Make the call again to have it judged as things are now.`,
  approval_used: detail =>
    `${detail} It was not done a second time. Make the call again if it is to be done once more: people are then asked again.`,
}

/** What was called, as sentences to the model name it. */
export function calledIn({ kind, name }: Subject): string {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name)
  switch (kind) {
    case 'tool':
      return `the call of ${shown}`
    case 'resource':
      return `access to the resource ${shown}`
    case 'prompt':
      return `the prompt ${shown}`
    case 'model':
      return `the request to ${shown}`
  }
}

/** Why a decision is what it is, as the sentence that follows what was called. */
export function becauseOf({ action, reason, rule, policy, at, message }: Decision): string {
  if (reason === 'halted') return message ?? ''
  const verb = action === 'deny' ? 'denied' : 'approval required'
  const by = rule === undefined ? '' : ` by rule "${rule}"`
  const of = policy === undefined ? '' : ` of policy "${policy}"`
  const where = at === undefined ? '' : ` (${at.file}:${at.line})`
  const said = message === undefined ? '.' : `: ${sentence(message)}`
  return `${verb}${by}${by === '' && of !== '' ? of.replace(' of', ' by') : of}${where}${said}`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text.trimEnd()) ? text : `${text}.`
}

function remedyFor(decision: Decision): string {
  switch (decision.reason) {
    case 'rule':
      return 'Do not repeat the call as it is: do what the rule asks for, or find another way.'
    case 'condition_error':
      return 'The rule could not be evaluated for these arguments: send the arguments it reads, in the right types.'
    case 'justification_required':
      return 'Call again with the argument `justification`: a sentence that says why.'
    case 'disabled':
      return 'It is switched off: find another way.'
    case 'halted':
      return 'Nothing was sent. Stop and tell whoever you work for; people decide when it goes on.'
    case 'no_table':
      return 'Try again later, or ask whoever runs Writ.'
    case 'no_policy':
    case 'unmatched':
      return 'No policy allows it: find another way, or ask the owner of the policies for a rule.'
  }
}

/** A refusal as the caller gets it: a tool result that says so, or an error where there are no tool results. */
export function answerRefusal(
  exchange: Exchange,
  refusal: Refusal,
  { call, subject }: Pick<Judged, 'call' | 'subject'>,
  structured = true,
): Answer {
  const { text, ...facts } = refusal
  const data: JsonObject = { ...facts, requestId: call }
  if (subject.kind !== 'tool') return answerError(exchange, codes.refused, text, data)
  return answerWith(exchange, {
    content: [{ type: 'text', text }],
    isError: true,
    ...(structured ? { structuredContent: data } : { _meta: { 'writ.dev/refusal': data } }),
  })
}
