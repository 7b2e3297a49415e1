import { ProxyFailure } from '../failure.ts'
import { noteFault } from '../fault.ts'
import { haltText } from '../halts/halted-decision.ts'
import { untilHalted } from '../halts/halts.ts'
import type { Ended } from '../record/entry-text.ts'
import type { Attributes, TraceContext } from '../telemetry/call-trace.ts'
import { Cancellation } from './cancellation.ts'
import type { Exchange, Firewall } from './exchange.ts'
import type { Errand } from './forward.ts'
import { asks, withInput } from './input-rounds.ts'
import type { Judged } from './judge.ts'
import { outgoingMeta } from './trace-of.ts'
import type { Incoming, Outgoing, Reply } from './upstream/link.ts'

/** How a call ended that went out, or could not. */
export interface Ending {
  readonly status: Ended['status']
  readonly reply?: Reply
  readonly failure?: ProxyFailure
  /** The halt that broke it off. */
  readonly halt?: string
}

/** Sends a judged call to its server, at most once. Never rejects. */
export async function sendErrand(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
): Promise<Ending> {
  const { trace } = exchange
  if (trace === undefined) return sendUntilHalted(firewall, exchange, errand)
  const sending = trace.upstream(...upstreamFacts(errand))
  const ending = await sendUntilHalted(firewall, exchange, errand, sending.context)
  sending.ended({ attributes: {}, ...errorOf(ending) })
  return ending
}

function upstreamFacts({ judged, request, upstream }: Errand): [string, Attributes] {
  const { method } = request
  const { kind, name } = judged.subject
  const target = kind === 'resource' ? '' : ` ${name}`
  return [
    `${method}${target}`,
    {
      'mcp.method.name': method,
      'gen_ai.operation.name': kind === 'tool' ? 'execute_tool' : undefined,
      'gen_ai.tool.name': kind === 'tool' ? name : undefined,
      'gen_ai.prompt.name': kind === 'prompt' ? name : undefined,
      'writ.server': upstream.name,
      'writ.call': judged.call,
    },
  ]
}

/** A tool that fails says so in a result. */
function errorOf({ status, reply, failure }: Ending): { readonly error?: string } {
  if (status === 'succeeded') return {}
  if (failure !== undefined) return { error: failure.code }
  const code = reply?.kind === 'error' ? reply.value.code : null
  return { error: typeof code === 'number' ? String(code) : 'tool_error' }
}

/** Sends it under a cancellation of its own, by which a client is still answered whose call a halt breaks off. */
async function sendUntilHalted(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
  context?: TraceContext,
): Promise<Ending> {
  const { cancellation: clients, client } = exchange
  const cancellation = new Cancellation()
  if (clients.aborted) cancellation.abort()
  clients.listen(() => cancellation.abort())
  const { kind } = errand.judged.subject
  const stop = untilHalted(firewall.halts, client.caller, kind, halt => cancellation.abort(halt))
  const ending = await send(firewall, { ...exchange, cancellation }, errand, context)
  stop()
  clients.listen(null)
  const { halt } = cancellation
  if (halt === null || ending.failure?.code !== 'cancelled') return ending
  const failure = new ProxyFailure('cancelled', haltText(halt))
  return { status: 'cancelled', failure, halt: halt.id }
}

async function send(
  firewall: Firewall,
  exchange: Exchange,
  errand: Errand,
  context?: TraceContext,
): Promise<Ending> {
  try {
    const outgoing = outgoingOf(exchange, errand, context)
    const first = await ask(exchange, errand, outgoing)
    const reply = asks(exchange, first)
      ? await withInput(exchange, errand.upstream, outgoing, first, more =>
          ask(exchange, errand, more),
        )
      : first
    const failed = reply.kind === 'error' || reply.value.isError === true
    return { status: failed ? 'failed' : 'succeeded', reply }
  } catch (error) {
    if (!(error instanceof ProxyFailure)) noteFault(firewall, error, exchange.trace)
    const failure = failureOf(error)
    if (failure.code === 'cancelled') return { status: 'cancelled', failure }
    if (!failure.mayHaveActed) return { status: 'failed', failure }
    const { client, id } = exchange
    firewall.accounts.lose(client.caller, lostKey(id, errand.judged), firewall.now())
    return { status: 'unknown', failure }
  }
}

/** A fault of Writ itself must leave a record as well. */
function failureOf(cause: unknown): ProxyFailure {
  if (cause instanceof ProxyFailure) return cause
  return new ProxyFailure('upstream_lost', 'an unexpected error in Writ', { cause })
}

/** What a stateless client would send again: the same id, to do the same. */
export function lostKey(id: Exchange['id'], { entry, subject }: Judged): string {
  return JSON.stringify([id, subject.kind, subject.name, entry.argsDigest])
}

/** A session that the server has forgotten is opened again: what it turned away was not done. */
async function ask({ client }: Exchange, { upstream }: Errand, outgoing: Outgoing): Promise<Reply> {
  const link = upstream.ready(client) ?? (await upstream.link(client))
  try {
    return await link.request(outgoing)
  } catch (error) {
    const forgotten = error instanceof ProxyFailure && error.code === 'upstream_refused'
    if (!forgotten || link.open) throw error
    const again = await upstream.link(client)
    return again.request(outgoing)
  }
}

function outgoingOf(
  exchange: Exchange,
  { upstream, request }: Errand,
  context: TraceContext | undefined,
): Outgoing {
  const { client, cancellation } = exchange
  return {
    ...request,
    meta: outgoingMeta(exchange, context),
    ...(context !== undefined && { trace: context }),
    timeoutMs: upstream.timeoutMs,
    cancellation,
    owner: client,
    onMessage: message =>
      exchange.unheard ? turnAway(message) : client.relay(exchange, upstream, message),
  }
}

/** What a server asks where nobody hears it is answered with an error. */
function turnAway({ method, reply }: Incoming): void {
  const error = '"error":{"code":-32601,"message":"nobody can be asked about this call"}'
  reply?.(method === 'ping' ? '"result":{}' : error)
}
