import type { Caller } from '../mcp/needs.ts'
import type { Ended } from '../record/entry-text.ts'
import type { Noted } from '../record/noted.ts'
import type { Attributes, TraceIds } from './call-trace.ts'

type Entry = Noted['entry']

/** What is told of who calls. */
export function callerAttributes({ agent, namespace }: Caller): Attributes {
  return { 'writ.namespace': namespace, 'gen_ai.agent.name': agent.name }
}

/** What is told of a decision, by the members of the entry that records it. */
export function decisionAttributes({ action, reason, policy, rule, table }: Decided): Attributes {
  return {
    'writ.decision': action,
    'writ.reason': reason,
    'writ.policy': policy,
    'writ.rule': rule,
    'writ.table': table || undefined,
  }
}

interface Decided {
  readonly action: string
  readonly reason: string
  readonly policy?: string | undefined
  readonly rule?: string | undefined
  readonly table?: string | undefined
}

/** Tells the trace of a call, where it has one, how the call was written down. What was asked and answered is not told. */
export function tellEnd({ trace, entry }: Noted, ended: Ended, told = entry): void {
  trace?.note({
    attributes: {
      'writ.call': told.call,
      'writ.approval': told.approval,
      'writ.server': told.server,
      'writ.outcome': ended.status,
      ...decisionAttributes(told),
      ...subjectAttributes(told),
    },
    ...errorOf(ended, told),
  })
}

/** A name that nobody offers is the caller's own words. */
function subjectAttributes({ server, tool, prompt, model, provider }: Entry): Attributes {
  return {
    'gen_ai.tool.name': server === undefined ? undefined : tool,
    'gen_ai.prompt.name': server === undefined ? undefined : prompt,
    'gen_ai.request.model': provider === undefined ? undefined : model,
    'writ.provider': provider,
  }
}

function errorOf({ status, upstreamStatus }: Ended, { reason }: Entry) {
  if (status === 'refused') return { error: reason }
  if (status === 'failed' || status === 'unknown' || status === 'cancelled') {
    return { error: isFailure(upstreamStatus) ? upstreamStatus : 'tool_error' }
  }
  return {}
}

/** What a server answered properly may still be an error of the tool. */
function isFailure(status: string | undefined): status is string {
  return status !== undefined && !/^[1-3]\d\d$/.test(status)
}

/** The fields by which a log line about a call is found from its trace. */
export function traceFields(trace: TraceIds | undefined): Partial<TraceIds> {
  return trace === undefined ? {} : { traceId: trace.traceId, spanId: trace.spanId }
}

/** The fields of a log line about a call. */
export function callFields({ call, trace }: Pick<Noted, 'call' | 'trace'>): object {
  return { call, ...traceFields(trace) }
}
