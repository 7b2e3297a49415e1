import type { Dialect } from './translate/translation.ts'

/**
 * What becomes of a request. `probe`: answered with nothing, whoever asks. `list`, `show`: Writ answers with what the
 * caller may use. `generate`, `embed`, `count`: the rule table decides, and a provider answers.
 */
type EndpointVerdict = 'probe' | 'list' | 'show' | 'generate' | 'embed' | 'count'

/** One way into the model gateway. */
export interface Endpoint {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Without the query; one that ends in `/{model}` stands for every path with the name of a model there. */
  readonly path: string
  readonly verdict: EndpointVerdict
  /** In which errors are told, and answers where they are translated. */
  readonly dialect: Dialect
  /** Path at a provider that speaks the same, after the version. */
  readonly suffix: string
}

const aModel = '/{model}'

/** Every request that is answered; nothing else passes. */
export const endpoints: readonly Endpoint[] = [
  openai('GET', '/models', 'list', 'chat'),
  openai('GET', `/models${aModel}`, 'show', 'chat'),
  openai('POST', '/chat/completions', 'generate', 'chat'),
  openai('POST', '/responses', 'generate', 'responses'),
  openai('POST', '/embeddings', 'embed', 'chat'),
  anthropic('HEAD', '/anthropic/', 'probe', ''),
  anthropic('HEAD', '/anthropic/api/hello', 'probe', ''),
  anthropic('GET', '/anthropic/v1/models', 'list', '/models'),
  anthropic('GET', `/anthropic/v1/models${aModel}`, 'show', '/models'),
  anthropic('POST', '/anthropic/v1/messages', 'generate', '/messages'),
  anthropic('POST', '/anthropic/v1/messages/count_tokens', 'count', '/messages/count_tokens'),
]

const known: ReadonlyMap<string, Endpoint> = new Map(
  endpoints.map(endpoint => [`${endpoint.method} ${endpoint.path}`, endpoint]),
)

const paths: ReadonlySet<string> = new Set(endpoints.map(({ path }) => path))

/** The one gate: the endpoint of a request; else whether at least the path is one. */
export function endpointOf(method: string, path: string): Endpoint | 'wrong_method' | 'unknown' {
  const template = modelIn(path) === null ? path : path.replace(ofOne, `$1${aModel}`)
  return known.get(`${method} ${template}`) ?? (paths.has(template) ? 'wrong_method' : 'unknown')
}

/** Names of models may hold slashes, as they are or encoded. */
const ofOne = /^(\/(?:openai|anthropic)\/v1\/models)\/([\x21-\x7e]{1,256})$/

/** The model that a path names, or null. */
export function modelIn(path: string): string | null {
  try {
    return decodeURIComponent(ofOne.exec(path)?.[2] ?? '') || null
  } catch {
    return null
  }
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
