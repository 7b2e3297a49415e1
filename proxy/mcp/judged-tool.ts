import { decide } from '../../policy/decide/decide.ts'
import { justificationFor } from '../../policy/decide/justification.ts'
import { visible } from '../../policy/decide/visible.ts'
import type { Firewall } from './exchange.ts'
import { finishFor } from './finish.ts'
import type { Errand } from './forward.ts'
import { type Asker, factsOf, type Judged, type Subject, subjectOf } from './judge.ts'
import { type Found, hintsOf, type Offer } from './offers.ts'
import { paramHeaders } from './param-headers.ts'
import { type Refusal, refusalBy, refusalFor } from './refusal.ts'
import type { JsonObject } from './rpc.ts'
import type { Era } from './upstream/link.ts'

/** The longest justification, in characters. */
export const longestReason = 4096

/** A call of a tool as its caller writes it. */
export interface ToolCall {
  readonly name: string
  readonly args: JsonObject
}

/** What is judged: the reason is taken out of the arguments where the policies have added it to the tool's schema. */
export function toolSubject(
  firewall: Firewall,
  asker: Asker,
  asked: ToolCall,
  found: Found,
): Subject {
  return withReason(firewall, asker, subjectFor(asked, found))
}

function subjectFor({ name, args }: ToolCall, found: Found): Subject {
  if (typeof found === 'string') return { ...subjectOf('tool', '', name), args }
  return { ...subjectOf('tool', found.upstream.name, name), args, ...hintsOf(found.item) }
}

function withReason({ tables, now }: Firewall, { client }: Asker, subject: Subject): Subject {
  const table = tables.current(client.caller.namespace)
  if (table === null || !Object.hasOwn(subject.args, 'justification')) return subject
  if (justificationFor(table, factsOf(client, subject, now())) === 'off') return subject
  const { justification, ...args } = subject.args
  return { ...subject, args, justification: typeof justification === 'string' ? justification : '' }
}

/** Null when the call may go out, or may once people approve. What the caller cannot see is refused as if it did not exist. */
export function toolRefusal(
  firewall: Firewall,
  { client }: Asker,
  judged: Judged,
  found: Found,
): Refusal | null {
  const { subject, decision } = judged
  if (decision.reason === 'halted') return refusalBy(decision, subject)
  if (found === 'unknown') return refusalBy(decision, subject) ?? unknown(subject)
  if (found === 'ambiguous') {
    return refusalBy(decision, subject) ?? refusalFor('ambiguous_name', subject)
  }
  if (decision.action !== 'deny') return null
  const table = firewall.tables.current(client.caller.namespace)
  if (table === null) return refusalBy(decision, subject)
  const facts = factsOf(client, subject, firewall.now())
  if (visible(table, facts)) return refusalBy(decision, subject)
  const blank = { ...subjectOf('tool', '', subject.name), args: subject.args }
  const asUnknown = decide(table, factsOf(client, blank, firewall.now()))
  return refusalBy(asUnknown, subject) ?? unknown(subject)
}

function unknown(subject: Subject): Refusal {
  return refusalFor('unknown_name', subject)
}

/** What is sent for a judged call, with what a client of this era answers to its server's questions. */
export function toolErrand(
  judged: Judged,
  offer: Offer,
  era: Era,
  answers: readonly (readonly [name: string, json: string])[],
): Errand {
  return {
    judged,
    upstream: offer.upstream,
    structured: offer.item.outputSchema === undefined,
    request: {
      method: 'tools/call',
      params: [['name', JSON.stringify(offer.own)], ['arguments', judged.canonical], ...answers],
      name: offer.own,
      headers: paramHeaders(offer.headers ?? [], judged.subject.args),
    },
    finish: finishFor(era),
  }
}
