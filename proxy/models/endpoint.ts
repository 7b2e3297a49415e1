import type { Dialect } from './translate/translation.ts'

/**
 * What becomes of a request. `probe`: answered with nothing, whoever asks. `list`: Writ answers with what the caller
 * may use. `generate`, `embed`, `count`: the rule table decides, and a provider answers.
 */
type EndpointVerdict = 'probe' | 'list' | 'generate' | 'embed' | 'count'

/** One way into the model gateway. */
export interface Endpoint {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Without the query. */
  readonly path: string
  readonly verdict: EndpointVerdict
  /** In which errors are told, and answers where they are translated. */
  readonly dialect: Dialect
  /** Path at a provider that speaks the same, after the version. */
  readonly suffix: string
}

/** Every request that is answered; nothing else passes. */
export const endpoints: readonly Endpoint[] = [
  openai('GET', '/models', 'list', 'chat'),
  openai('POST', '/chat/completions', 'generate', 'chat'),
  openai('POST', '/responses', 'generate', 'responses'),
  openai('POST', '/embeddings', 'embed', 'chat'),
  anthropic('HEAD', '/anthropic/', 'probe', ''),
  anthropic('HEAD', '/anthropic/api/hello', 'probe', ''),
  anthropic('GET', '/anthropic/v1/models', 'list', '/models'),
  anthropic('POST', '/anthropic/v1/messages', 'generate', '/messages'),
  anthropic('POST', '/anthropic/v1/messages/count_tokens', 'count', '/messages/count_tokens'),
]

const known: ReadonlyMap<string, Endpoint> = new Map(
  endpoints.map(endpoint => [`${endpoint.method} ${endpoint.path}`, endpoint]),
)

const paths: ReadonlySet<string> = new Set(endpoints.map(({ path }) => path))

/** The one gate: the endpoint of a request; else whether at least the path is one. */
export function endpointOf(method: string, path: string): Endpoint | 'wrong_method' | 'unknown' {
  return known.get(`${method} ${path}`) ?? (paths.has(path) ? 'wrong_method' : 'unknown')
}

/** Whether a path belongs to the model gateway, known or not. */
export function isModelPath(path: string): boolean {
  return path.startsWith('/openai/') || path.startsWith('/anthropic/')
}

/** The dialect in which errors are told at a path where there is no endpoint. */
export function dialectAt(path: string): Dialect {
  if (path.startsWith('/anthropic/')) return 'messages'
  return path.endsWith('/responses') ? 'responses' : 'chat'
}

function openai(
  method: Endpoint['method'],
  suffix: string,
  verdict: EndpointVerdict,
  dialect: Dialect,
): Endpoint {
  return { method, path: `/openai/v1${suffix}`, verdict, dialect, suffix }
}

function anthropic(
  method: Endpoint['method'],
  path: string,
  verdict: EndpointVerdict,
  suffix: string,
): Endpoint {
  return { method, path, verdict, dialect: 'messages', suffix }
}
