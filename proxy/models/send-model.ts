import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ProxyFailure } from '../failure.ts'
import type { TraceContext } from '../telemetry/call-trace.ts'
import { withholding } from '../withhold.ts'
import { brokenOff } from './broken-off.ts'
import type { Candidate } from './candidates.ts'
import { headersFor } from './carried-headers.ts'
import { type Ending, endingOf } from './ending.ts'
import { errorEvent } from './error-event.ts'
import type { Errand, Gateway } from './gateway.ts'
import { inputEstimate } from './input-size.ts'
import { outgoingBody, wantsUsage } from './outgoing-body.ts'
import { answerJson, problemJson, statusOf, turnAway } from './problem.ts'
import { Relay, type Relayed } from './relay.ts'
import { UsageChunkFilter } from './usage-chunk-filter.ts'

/** What a try has been granted. */
export interface Granted {
  readonly credential: string | null
  /** Most tokens of an answer; null where the client's own limit holds. */
  readonly limit: number | null
  /** More headers for the client. */
  readonly headers: Readonly<Record<string, string>>
  /** Where the call is traced. */
  readonly trace?: TraceContext
}

/** Sends a request to a provider that speaks the client's dialect and passes the answer on as it comes. */
export async function sendModel(
  gateway: Gateway,
  errand: Errand,
  candidate: Candidate,
  granted: Granted,
): Promise<Ending> {
  const relayed = await relay(gateway, errand, candidate, granted)
  const ending = endingOf(relayed, inputEstimate(errand.asked.size))
  const { failure, begun } = relayed
  if (failure === null || begun) return ending
  return { ...ending, finish: () => tellFailure(errand, failure) }
}

function relay(
  { sockets }: Gateway,
  { asked, request, response, cancellation }: Errand,
  candidate: Candidate,
  { credential, limit, headers, trace }: Granted,
): Promise<Relayed> {
  const { provider } = candidate
  const { dialect, suffix } = asked.endpoint
  const { pool, path } = sockets.at(`${provider.baseUrl}${suffix}`)
  return new Promise((resolve, reject) => {
    const handler = new Relay({
      response,
      headers,
      began: () => asked.content.letGo(),
      filter: wantsUsage(asked) ? new UsageChunkFilter() : null,
      withhold: text => withholding([credential])(text),
      broken: failure => errorEvent(dialect, failure.message),
      done: relayed => {
        cancellation.listen(null)
        resolve(relayed)
      },
    })
    const abandon = () => handler.abandon(brokenOff(cancellation))
    cancellation.listen(abandon)
    if (cancellation.aborted) abandon()
    const body = outgoingBody(asked, candidate, limit)
    const options: Dispatcher.DispatchOptions = {
      method: 'POST',
      path: path + queryOf(request.url),
      headers: {
        ...headersFor(request, provider, credential, trace),
        'content-length': String(body.length),
      },
      body: body.length < worthwhile ? body : sentOnce(body),
      headersTimeout: provider.timeoutMs,
      bodyTimeout: provider.timeoutMs,
    }
    try {
      pool.dispatch(options, handler)
    } catch (error) {
      reject(error)
    }
  })
}

/** Bytes from which it is worth to have the socket hold them no longer than it takes to send them. */
const worthwhile = 64 * 1024

/** Gives the bytes and forgets them: undici keeps what it was given until the answer has ended. */
function sentOnce(bytes: Buffer): Readable {
  let left: Buffer | null = bytes
  return new Readable({
    read() {
      this.push(left)
      left = null
      this.push(null)
    },
  })
}

/** Of the query only the switch that Anthropic clients set goes on. */
function queryOf(url = ''): string {
  if (!url.includes('?')) return ''
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '')
  return query.get('beta') === 'true' ? '?beta=true' : ''
}

/** Answers a request for which no provider had an answer. */
export function tellFailure(errand: Errand, failure: ProxyFailure): void {
  const { response, asked, cancellation } = errand
  if (failure.code === 'cancelled') {
    if (cancellation.halt === null) response.destroy()
    else tellHalted(errand, failure)
    return
  }
  const { dialect } = asked.endpoint
  const code = failure.code === 'upstream_timeout' ? 'upstream_timeout' : 'upstream_away'
  const message = `Writ allowed the request to ${JSON.stringify(asked.model)}, but ${failure.message}.`
  answerJson(response, statusOf(dialect, code), problemJson(dialect, { code, message }))
}

/** Answers a request that a halt broke off; who reads events is told with one more. */
export function tellHalted({ response, asked }: Errand, { message: why }: ProxyFailure): void {
  const { dialect } = asked.endpoint
  const message = `Writ broke the request to ${JSON.stringify(asked.model)} off: ${why}`
  if (response.headersSent) response.end(errorEvent(dialect, message))
  else turnAway(response, dialect, { code: 'policy_denied', message })
}
