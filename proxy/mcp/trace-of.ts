import { callerAttributes } from '../telemetry/call-facts.ts'
import type { CallTrace, CallTraces, Carried, TraceContext } from '../telemetry/call-trace.ts'
import type { Exchange } from './exchange.ts'
import { fromClient, verdictOn } from './gate.ts'
import { isObject, type JsonObject } from './rpc.ts'

/** Lasts as long as its client, and calls nothing. */
const streaming = 'subscriptions/listen'

/**
 * Begins the trace of a request that is judged; null for any other. What its message carries goes before what its HTTP
 * request carries, for one HTTP request may hold many messages.
 */
export function traceOf(traces: CallTraces, exchange: Exchange): CallTrace | null {
  const { client, method, id, params, headers } = exchange
  if (verdictOn(fromClient, method, client.era) !== 'judge' || method === streaming) return null
  const attributes = {
    'mcp.method.name': method,
    'mcp.protocol.version': client.protocol,
    'jsonrpc.request.id': typeof id === 'number' ? String(id) : undefined,
    'gen_ai.operation.name': method === 'tools/call' ? 'execute_tool' : undefined,
    'network.transport': 'tcp',
    ...callerAttributes(client.caller),
  }
  return traces.begin(method, attributes, [carriedBy(params), headers as Carried])
}

function carriedBy({ _meta: meta }: JsonObject): Carried {
  return isObject(meta) ? meta : {}
}

/** The `_meta` that goes on to a server: where the call is traced, its own trace context takes the place of the client's. */
export function outgoingMeta(
  { params, trace }: Pick<Exchange, 'params' | 'trace'>,
  context: TraceContext | undefined = trace?.context,
): JsonObject {
  const meta = isObject(params._meta) ? params._meta : {}
  if (context === undefined) return meta
  const { traceparent: _parent, tracestate: _state, baggage: _baggage, ...rest } = meta
  return { ...rest, ...context }
}
