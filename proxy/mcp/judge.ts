import { hash, randomUUID } from 'node:crypto'
import { decide, noTable } from '../../policy/decide/decide.ts'
import type { Facts } from '../../policy/decide/facts.ts'
import type { LoadedTable } from '../../policy/decide/load.ts'
import { redact, redactText } from '../../records/redact/redact.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { Decision } from '../../schemas/decision.ts'
import { haltedDecision } from '../halts/halted-decision.ts'
import { callerFacts } from '../record/caller-facts.ts'
import { type JudgedBy, judgedBy } from '../record/judged-by.ts'
import { callerEntry, decisionEntry, type Noted } from '../record/noted.ts'
import { decisionAttributes } from '../telemetry/call-facts.ts'
import { type CallTrace, inStep } from '../telemetry/call-trace.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Client, Firewall } from './exchange.ts'
import { isObject, type JsonObject } from './rpc.ts'

/** What is about to be judged, apart from who asks. */
export interface Subject {
  readonly kind: CallKind
  /** The ToolServer, or empty when it is not known. */
  readonly server: string
  /** Name as the client uses it, or URI. */
  readonly name: string
  readonly args: JsonObject
  readonly justification: string
  readonly readOnly: boolean
  readonly destructive: boolean
}

/** A judged call, ready to be written down, and what it is about. */
export interface JudgedCall extends Noted {
  readonly subject: Subject
}

/** A judged call as MCP makes them. */
export interface Judged extends JudgedCall {
  /** The arguments as RFC 8785 writes them: what the digest covers and what is sent. */
  readonly canonical: string
}

export function subjectOf(kind: CallKind, server: string, name: string): Subject {
  return {
    kind,
    server,
    name,
    args: {},
    justification: '',
    readOnly: false,
    destructive: false,
  }
}

/** Who asks, as far as judging looks. */
export interface Asker {
  readonly client: Pick<Client, 'caller' | 'account' | 'protocol' | 'era'>
  readonly params: JsonObject
  /** Where the call is traced. */
  readonly trace?: CallTrace | undefined
}

/** The facts about a client and what it asks for. */
export function factsOf(client: Asker['client'], subject: Subject, now: number): Facts {
  const { kind, server, name, readOnly, destructive } = subject
  const named = (of: CallKind) => (kind === of ? { name, server } : { name: '', server: '' })
  return {
    kind,
    args: subject.args,
    tool: { ...named('tool'), readOnly, destructive },
    model: { name: '', requested: '', provider: '' },
    resource: kind === 'resource' ? { uri: name, server } : { uri: '', server: '' },
    prompt: named('prompt'),
    request: {
      time: now,
      justification: subject.justification,
      protocol: client.protocol,
      stream: false,
      maxTokens: 0,
      inputTokens: 0,
      tools: [],
    },
    ...callerFacts(client.caller, client.account),
  }
}

/** Judges by what is halted and by the table in force; without one everything is denied. */
export function judge(
  { tables, halts, meter, now }: Firewall,
  asker: Asker,
  subject: Subject,
): Judged {
  const { client } = asker
  const table = tables.current(client.caller.namespace)
  const facts = factsOf(client, subject, now())
  const halt = halts.on(client.caller, subject.kind)
  const judging = () => (halt === null ? decided(table, facts) : haltedDecision(halt))
  const decision = inStep(asker.trace, 'decide', judging, decisionAttributes)
  meter.decision(subject.kind, decision.action, decision.reason)
  return judgedAs(asker, subject, decision, judgedBy(facts, client, decision))
}

function decided(table: LoadedTable | null, facts: Facts): Decision {
  return table === null ? noTable : decide(table, facts)
}

/** A call with the decision on it, ready to be written down. */
export function judgedAs(asker: Asker, subject: Subject, decision: Decision, by: JudgedBy): Judged {
  const call = randomUUID()
  const canonical = canonicalJson(subject.args)
  const shown = redact(subject.args)
  return {
    call,
    subject,
    decision,
    canonical,
    shownArgs: shown === subject.args ? canonical : JSON.stringify(shown),
    by,
    trace: asker.trace,
    entry: entryOf(asker, subject, decision, canonical, call),
  }
}

function entryOf(
  { client, params, trace }: Asker,
  subject: Subject,
  decision: Decision,
  canonical: string,
  call: string,
): Judged['entry'] {
  const { kind, server, name, justification } = subject
  const named = (of: CallKind) => (kind === of ? redactText(name) : undefined)
  return {
    call,
    ...callerEntry(client.caller, client.account.id),
    clientCallId: clientCallIdOf(params),
    trace: trace?.traceId,
    kind,
    server: server || undefined,
    tool: named('tool'),
    uri: named('resource'),
    prompt: named('prompt'),
    argsDigest: `sha256:${hash('sha256', canonical)}`,
    justification: redactText(justification) || undefined,
    ...decisionEntry(decision),
  }
}

/** The id under which the client itself knows the call, where it says one. */
function clientCallIdOf({ _meta: meta }: JsonObject): string | undefined {
  if (!isObject(meta)) return undefined
  const id = meta['claudecode/toolUseId'] ?? meta.callId
  return typeof id === 'string' && id !== '' && id.length <= 256 ? redactText(id) : undefined
}
