import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TableProvider } from '../../schemas/rule-table.ts'
import type { TraceContext } from '../telemetry/call-trace.ts'

/** Headers of one connection, and those that the sender of a message sets itself. */
const ofOneHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'host',
  'expect',
])

/**
 * Credentials, and what says on whose account or from where a request comes: an agent chooses neither. The answer must
 * not be compressed, or nobody could read the usage.
 */
const neverSent: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'openai-organization',
  'openai-project',
  'forwarded',
  'via',
  'origin',
  'referer',
  'accept-encoding',
  'content-encoding',
])

/** What Writ says itself where it traces calls. */
const ofTraces: ReadonlySet<string> = new Set(['traceparent', 'tracestate', 'baggage'])

const neverToldOf: ReadonlySet<string> = new Set([
  'set-cookie',
  'openai-organization',
  'openai-project',
  'anthropic-organization-id',
  'alt-svc',
  'strict-transport-security',
  'x-writ-warning',
])

const usualAnthropicVersion = '2023-06-01'

/**
 * The headers of a client that go on to a provider of the same dialect, with the provider's own and its credential. A trace
 * takes the place of what the client says of one.
 */
export function headersFor(
  { headers }: IncomingMessage,
  provider: TableProvider,
  credential: string | null,
  trace?: TraceContext,
): Record<string, string | string[]> {
  const named = namedIn(headers.connection)
  const sent: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || ofOneHop.has(name) || neverSent.has(name) || named.has(name))
      continue
    if (name.startsWith('x-writ-') || name.startsWith('x-forwarded-')) continue
    if (trace !== undefined && ofTraces.has(name)) continue
    sent[name] = value
  }
  if (provider.protocol === 'anthropic') sent['anthropic-version'] ??= usualAnthropicVersion
  const own = { 'content-type': 'application/json', ...ownHeaders(provider, credential) }
  return { ...sent, ...trace, ...own }
}

/** The headers that a provider is sent whatever the client says. */
export function ownHeaders(
  { protocol, headers = {} }: TableProvider,
  credential: string | null,
): Record<string, string> {
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  if (credential !== null) {
    own.push(
      protocol === 'anthropic'
        ? ['x-api-key', credential]
        : ['authorization', `Bearer ${credential}`],
    )
  }
  return { 'accept-encoding': 'identity', ...Object.fromEntries(own) }
}

/** The headers of an answer that go on to the client. */
export function headersBack(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedIn(headers.connection)
  const told: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || ofOneHop.has(name) || neverToldOf.has(name) || named.has(name))
      continue
    told[name] = value
  }
  return told
}

function namedIn(connection: string | string[] | undefined): ReadonlySet<string> {
  return new Set(
    String(connection ?? '')
      .toLowerCase()
      .split(/\s*,\s*/),
  )
}
