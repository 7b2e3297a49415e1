import type { Call } from '../../schemas/call.ts'
import type { CallKind } from '../../schemas/call-kind.ts'

/** A value as it came out of JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * A call with nothing left out: what is judged. The field names are the variables of conditions.
 * Instants are milliseconds since 1970 and appear in conditions as timestamps.
 */
export interface Facts {
  readonly kind: CallKind
  readonly args: { readonly [key: string]: Json }
  readonly tool: {
    readonly name: string
    readonly server: string
    readonly readOnly: boolean
    readonly destructive: boolean
  }
  readonly model: { readonly name: string; readonly requested: string; readonly provider: string }
  readonly resource: { readonly uri: string; readonly server: string }
  readonly prompt: { readonly name: string; readonly server: string }
  readonly request: {
    readonly time: number
    /** Empty when none was given. */
    readonly justification: string
    readonly protocol: string
    readonly stream: boolean
    readonly maxTokens: number
    readonly inputTokens: number
    readonly tools: readonly string[]
  }
  readonly subject: {
    readonly agent: string
    readonly kind: string
    readonly apiKey: string
    readonly user: string
    readonly groups: readonly string[]
    readonly labels: { readonly [key: string]: string }
    readonly namespace: string
  }
  readonly session: {
    readonly id: string
    readonly startedAt: number
    readonly toolCalls: number
    readonly modelCalls: number
    readonly spentUsd: number
    readonly toolsUsed: readonly string[]
  }
}

/** Completes a written call: what it does not say is empty, false, zero, or 1970. */
export function factsOf(call: Call): Facts {
  const server = call.server ?? ''
  const model = call.model ?? ''
  return {
    kind: call.kind ?? 'tool',
    args: (call.args ?? {}) as Facts['args'],
    tool: {
      name: call.tool ?? '',
      server,
      readOnly: call.readOnly ?? false,
      destructive: call.destructive ?? false,
    },
    model: { name: model, requested: model, provider: call.provider ?? '' },
    resource: { uri: call.uri ?? '', server },
    prompt: { name: call.prompt ?? '', server },
    request: requestOf(call),
    subject: subjectOf(call),
    session: sessionOf(call),
  }
}

function requestOf({ request = {} }: Call): Facts['request'] {
  return {
    time: instantOf(request.time),
    justification: request.justification ?? '',
    protocol: request.protocol ?? '',
    stream: request.stream ?? false,
    maxTokens: request.maxTokens ?? 0,
    inputTokens: request.inputTokens ?? 0,
    tools: request.tools ?? [],
  }
}

function subjectOf({ subject = {} }: Call): Facts['subject'] {
  return {
    agent: subject.agent ?? '',
    kind: subject.kind ?? '',
    apiKey: subject.apiKey ?? '',
    user: subject.user ?? '',
    groups: subject.groups ?? [],
    labels: subject.labels ?? {},
    namespace: subject.namespace ?? '',
  }
}

function sessionOf({ session = {} }: Call): Facts['session'] {
  return {
    id: session.id ?? '',
    startedAt: instantOf(session.startedAt),
    toolCalls: session.toolCalls ?? 0,
    modelCalls: session.modelCalls ?? 0,
    spentUsd: session.spentUsd ?? 0,
    toolsUsed: session.toolsUsed ?? [],
  }
}

function instantOf(text: string | undefined): number {
  const time = text === undefined ? 0 : Date.parse(text)
  return Number.isNaN(time) ? 0 : time
}
