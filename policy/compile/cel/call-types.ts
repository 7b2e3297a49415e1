import type { CallKind } from '../../../schemas/call-kind.ts'
import type { ConditionScope } from './parse-condition.ts'
import { typeOfSchema } from './schema-type.ts'
import { bool, double, dyn, join, list, map, type Type, text } from './type.ts'

const count: Type = { kind: 'int', json: true }
const instant: Type = { kind: 'timestamp', json: true }

const everyCall = {
  subject: {
    agent: text,
    kind: text,
    apiKey: text,
    user: text,
    groups: list(text),
    labels: map(text, text),
    namespace: text,
  },
  session: {
    id: text,
    startedAt: instant,
    toolCalls: count,
    modelCalls: count,
    spentUsd: double,
    toolsUsed: list(text),
  },
}

const mcpRequest = { time: instant, justification: text, protocol: text }

const byKind: Record<CallKind, Readonly<Record<string, Readonly<Record<string, Type>>>>> = {
  tool: {
    tool: { name: text, server: text, readOnly: bool, destructive: bool },
    request: mcpRequest,
  },
  model: {
    model: { name: text, requested: text, provider: text },
    request: {
      time: instant,
      stream: bool,
      maxTokens: count,
      inputTokens: count,
      tools: list(text),
    },
  },
  resource: { resource: { uri: text, server: text }, request: mcpRequest },
  prompt: { prompt: { name: text, server: text }, request: mcpRequest },
}

/** The variables of a condition and their types, by the kind of call it is about. */
export function typesOfCall({ kind, args }: ConditionScope): ReadonlyMap<string, Type> {
  const types = new Map<string, Type>()
  if (kind === 'tool' || kind === 'prompt') types.set('args', typeOfArgs(args))
  for (const [name, fields] of Object.entries({ ...byKind[kind], ...everyCall })) {
    types.set(name, { kind: 'record', name, fields: new Map(Object.entries(fields)) })
  }
  return types
}

function typeOfArgs(schemas: readonly unknown[]): Type {
  const types = schemas.map(typeOfSchema)
  const objects = types.every(({ kind }) => kind === 'object' || kind === 'map')
  if (types.length === 0 || !objects) return map(text, dyn)
  const joined = types.reduce(join)
  return joined.kind === 'object' ? joined : map(text, dyn)
}

/** Which other kinds of calls have the variable. */
export function kindsWith(variable: string): readonly string[] {
  const kinds = Object.keys(byKind) as CallKind[]
  return kinds.filter(kind => typesOfCall({ kind, args: [] }).has(variable))
}
