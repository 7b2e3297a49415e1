import { hash, randomUUID } from 'node:crypto'
import { decide, noTable } from '../../policy/decide/decide.ts'
import type { Facts } from '../../policy/decide/facts.ts'
import type { LoadedTable } from '../../policy/decide/load.ts'
import { visible } from '../../policy/decide/visible.ts'
import { redactText } from '../../records/redact/redact.ts'
import type { Decision } from '../../schemas/decision.ts'
import { haltedDecision } from '../halts/halted-decision.ts'
import { type JudgedCall, subjectOf } from '../mcp/judge.ts'
import { type Refusal, refusalBy, refusalFor } from '../mcp/refusal.ts'
import { callerFacts } from '../record/caller-facts.ts'
import { judgedBy } from '../record/judged-by.ts'
import { callerEntry, decisionEntry } from '../record/noted.ts'
import { decisionAttributes } from '../telemetry/call-facts.ts'
import { inStep } from '../telemetry/call-trace.ts'
import type { Candidate } from './candidates.ts'
import type { Errand, Gateway } from './gateway.ts'
import { inputEstimate } from './input-size.ts'
import { preview } from './preview.ts'

/** What a model can answer with where nobody says how much that is. */
const usualMost = 128_000

/** Most tokens of one answer: what the client asks for, or the most that the model can. */
export function mostTokens({ asked }: Errand, candidate: Candidate | null): number {
  if (asked.endpoint.verdict !== 'generate') return 0
  return asked.maxTokens ?? candidate?.model.maxOutputTokens ?? usualMost
}

const blank = { name: '', server: '' }

/** The facts of a call of a model; without a candidate nobody offers it. */
function factsOf(errand: Errand, candidate: Candidate | null, now: number): Facts {
  const { asked, caller, account } = errand
  const about = aboutModel(asked.model, candidate, now)
  return {
    ...about,
    request: {
      ...about.request,
      stream: asked.stream,
      maxTokens: mostTokens(errand, candidate),
      inputTokens: inputEstimate(asked.size),
      tools: asked.tools,
    },
    ...callerFacts(caller, account),
  }
}

function aboutModel(
  requested: string,
  candidate: Candidate | null,
  time: number,
): Omit<Facts, 'subject' | 'session'> {
  const request = { justification: '', protocol: '', stream: false, maxTokens: 0, inputTokens: 0 }
  return {
    kind: 'model',
    args: {},
    tool: { ...blank, readOnly: false, destructive: false },
    model: {
      name: candidate?.name ?? requested,
      requested,
      provider: candidate?.provider.name ?? '',
    },
    resource: { uri: '', server: '' },
    prompt: blank,
    request: { time, ...request, tools: [] },
  }
}

/** Judges a request for one provider by what is halted and by the table in force; without one everything is denied. */
export function judgeModel(
  { tables, halts, meter, now }: Gateway,
  errand: Errand,
  candidate: Candidate | null,
): JudgedCall {
  const table = tables.current(errand.caller.namespace)
  const facts = factsOf(errand, candidate, now())
  const halt = halts.on(errand.caller, 'model')
  const judging = () => {
    if (halt !== null) return haltedDecision(halt)
    return table === null ? noTable : decide(table, facts)
  }
  const decision = inStep(errand.trace, 'decide', judging, decisionAttributes)
  meter.decision('model', decision.action, decision.reason)
  const { asked } = errand
  const subject = subjectOf('model', candidate?.provider.name ?? '', candidate?.name ?? asked.model)
  const call = randomUUID()
  return {
    call,
    subject,
    decision,
    shownArgs: preview(asked.content.body, asked.content.bytes.length),
    by: judgedBy(facts, errand, decision),
    trace: errand.trace,
    entry: entryOf(errand, candidate, decision, call),
  }
}

function entryOf(
  { asked, caller, account, trace }: Errand,
  candidate: Candidate | null,
  decision: Decision,
  call: string,
): JudgedCall['entry'] {
  return {
    call,
    ...callerEntry(caller, account.id),
    trace: trace?.traceId,
    kind: 'model',
    model: redactText(candidate?.name ?? asked.model),
    requestedModel: redactText(asked.model),
    provider: candidate?.provider.name,
    endpoint: asked.endpoint.path,
    stream: asked.stream,
    argsDigest: `sha256:${hash('sha256', asked.content.bytes)}`,
    ...decisionEntry(decision),
  }
}

/**
 * What the caller is told of a denial, or of a model that nobody offers: what it cannot see is refused as if nobody
 * offered it.
 */
export function refusalOf(
  { tables, now }: Gateway,
  errand: Errand,
  candidate: Candidate | null,
  { decision, subject }: JudgedCall,
): Refusal {
  const halted = decision.reason === 'halted' ? refusalBy(decision, subject) : null
  if (halted !== null) return halted
  const table = tables.current(errand.caller.namespace)
  const seen =
    table === null || candidate === null || visible(table, factsOf(errand, candidate, now()))
  const told = seen ? decision : decide(table, factsOf(errand, null, now()))
  const named = { ...subject, name: errand.asked.model }
  return refusalBy(told, seen ? subject : named) ?? refusalFor('unknown_name', named)
}

/** Whether the caller may find the model in a list. */
export function seesModel(
  table: LoadedTable,
  { caller, account }: Pick<Errand, 'caller' | 'account'>,
  candidate: Candidate,
  now: number,
): boolean {
  return visible(table, {
    ...aboutModel(candidate.name, candidate, now),
    ...callerFacts(caller, account),
  })
}
