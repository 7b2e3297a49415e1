import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type {
  Attributes,
  CallTrace,
  CallTraces,
  Carried,
  Step,
  Told,
  TraceContext,
  UpstreamTrace,
} from './call-trace.ts'

const propagator = new W3CTraceContextPropagator()
const longestTraceparent = 128
const longestTracestate = 512

/** Traces calls by the spans of OpenTelemetry. Baggage is neither read nor sent. */
export function openCallTraces(tracer: Tracer): CallTraces {
  return {
    begin(name, attributes, carried) {
      const [parent = ROOT_CONTEXT, ...others] = carried.flatMap(one => contextOf(one) ?? [])
      const links = others.flatMap(other => linkTo(parent, other) ?? [])
      const options = { kind: SpanKind.SERVER, attributes: { ...attributes }, links }
      return new SpanTrace(tracer, tracer.startSpan(name, options, parent), parent)
    },
  }
}

/** Null for what is no trace context, or longer than one may be. */
function contextOf({ traceparent, tracestate }: Carried): Context | null {
  if (typeof traceparent !== 'string' || traceparent.length > longestTraceparent) return null
  const state =
    typeof tracestate === 'string' && tracestate.length <= longestTracestate ? tracestate : ''
  const carrier: Record<string, string> = { traceparent, tracestate: state }
  const context = propagator.extract(ROOT_CONTEXT, carrier, {
    get: (from, key) => from[key],
    keys: Object.keys,
  })
  return context === ROOT_CONTEXT ? null : context
}

function linkTo(parent: Context, other: Context): Link | null {
  const [known, context] = [trace.getSpanContext(parent), trace.getSpanContext(other)]
  return context === undefined || context.spanId === known?.spanId ? null : { context }
}

class SpanTrace implements CallTrace {
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  readonly traceId: string
  readonly spanId: string

  constructor(tracer: Tracer, span: Span, parent: Context) {
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(parent, span)
    const { traceId, spanId } = span.spanContext()
    this.traceId = traceId
    this.spanId = spanId
  }

  get context(): TraceContext {
    return injected(this.#context)
  }

  step<T>(name: Step, run: () => T, tell?: (result: Awaited<T>) => Attributes): T {
    if (!this.#span.isRecording()) return run()
    const span = this.#tracer.startSpan(name, {}, this.#context)
    const over = (result: Awaited<T>) => {
      if (tell !== undefined) span.setAttributes({ ...tell(result) })
      span.end()
    }
    let result: T
    try {
      result = run()
    } catch (error) {
      failed(span)
      throw error
    }
    if (result instanceof Promise) result.then(over, () => failed(span))
    else over(result as Awaited<T>)
    return result
  }

  upstream(name: string, attributes: Attributes): UpstreamTrace {
    const options = { kind: SpanKind.CLIENT, attributes: { ...attributes } }
    const span = this.#tracer.startSpan(name, options, this.#context)
    return {
      context: injected(trace.setSpan(this.#context, span)),
      ended(told) {
        tellOf(span, told)
        span.end()
      },
    }
  }

  note({ name, ...told }: Told & { readonly name?: string }): void {
    if (!this.#span.isRecording()) return
    if (name !== undefined) this.#span.updateName(name)
    tellOf(this.#span, told)
  }

  ended(): void {
    this.#span.end()
  }
}

function tellOf(span: Span, { attributes, error }: Told): void {
  span.setAttributes({ ...attributes })
  if (error === undefined) return
  span.setAttribute('error.type', error)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function failed(span: Span): void {
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

function injected(context: Context): TraceContext {
  const carrier: Record<string, string> = {}
  propagator.inject(context, carrier, {
    set: (into, key, value) => {
      if (value !== '') into[key] = value
    },
  })
  const { traceparent = '', tracestate } = carrier
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}
