/** The headers, or members of `_meta`, by which the other side continues a trace: W3C Trace Context. */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** What a caller sent in the places where a trace context may stand; nothing of it is checked. */
export interface Carried {
  readonly traceparent?: unknown
  readonly tracestate?: unknown
}

/** What is told of a span; what is undefined is left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** The ids of a span, in hex, as logs and records show them. */
export interface TraceIds {
  readonly traceId: string
  readonly spanId: string
}

/** A step of a call that takes time of its own. */
export type Step = 'decide' | 'approval' | 'reserve'

/** What is told of something that has ended, and the class of what went wrong if anything did. */
export interface Told {
  readonly attributes: Attributes
  readonly error?: string
}

/** The request of a call to an upstream. */
export interface UpstreamTrace {
  /** What goes along with it. */
  readonly context: TraceContext
  ended(told: Told): void
}

/** The span of one call at the proxy, from its arrival to its answer. */
export interface CallTrace extends TraceIds {
  /** What goes along with what is sent apart from a request that `upstream` began. */
  readonly context: TraceContext
  /** Does a step, which is over when what it returns has settled. */
  step<T>(name: Step, run: () => T, tell?: (result: Awaited<T>) => Attributes): T
  upstream(name: string, attributes: Attributes): UpstreamTrace
  /** Tells of the call; `name` takes the place of the one that it began with. */
  note(told: Told & { readonly name?: string }): void
  ended(): void
}

/** Where calls begin to be traced. */
export interface CallTraces {
  /** Continues the trace of the first that carries a good one, and links the span to those after it; else begins one. */
  begin(name: string, attributes: Attributes, carried: readonly Carried[]): CallTrace
}

/** Does a step of a call, whether or not anybody traces it. */
export function inStep<T>(
  trace: CallTrace | undefined,
  name: Step,
  run: () => T,
  tell?: (result: Awaited<T>) => Attributes,
): T {
  return trace === undefined ? run() : trace.step(name, run, tell)
}
