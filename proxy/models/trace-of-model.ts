import type { JudgedCall } from '../mcp/judge.ts'
import { callerAttributes } from '../telemetry/call-facts.ts'
import type {
  Attributes,
  CallTrace,
  CallTraces,
  Carried,
  Told,
  UpstreamTrace,
} from '../telemetry/call-trace.ts'
import type { Candidate } from './candidates.ts'
import type { Ending } from './ending.ts'
import type { Errand, Visit } from './gateway.ts'
import type { ModelRequest } from './model-request.ts'

/** Begins the trace of a request to a model. */
export function traceOfModel(
  traces: CallTraces,
  { request, caller }: Visit,
  { endpoint, stream }: ModelRequest,
): CallTrace {
  const operation = operationOf(endpoint)
  const attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.request.stream': stream || undefined,
    'url.path': endpoint.path,
    ...callerAttributes(caller),
  }
  return traces.begin(operation, attributes, [request.headers as Carried])
}

/** Begins the span of a request to a provider; undefined where the call is not traced. */
export function upstreamTrace(
  { trace, asked }: Errand,
  { provider, name }: Candidate,
  { call }: JudgedCall,
): UpstreamTrace | undefined {
  const operation = operationOf(asked.endpoint)
  const attributes: Attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': provider.protocol,
    'gen_ai.request.model': name,
    'gen_ai.request.stream': asked.stream || undefined,
    'gen_ai.request.max_tokens': asked.maxTokens ?? undefined,
    'server.address': hostOf(provider.baseUrl),
    'writ.provider': provider.name,
    'writ.call': call,
  }
  return trace?.upstream(`${operation} ${name}`, attributes)
}

/** How a request to a provider ended, as its span tells it. */
export function toldOf({ outcome, upstreamStatus, actual, error }: Ending): Told {
  const { inputTokens, outputTokens } = actual.usage ?? {}
  const attributes = {
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': outputTokens,
  }
  return outcome === 'succeeded' || error === undefined
    ? { attributes }
    : { attributes, error: upstreamStatus }
}

function operationOf({ verdict }: ModelRequest['endpoint']): string {
  if (verdict === 'generate') return 'chat'
  return verdict === 'count' ? 'count_tokens' : 'embeddings'
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined
}
