import { HttpMethod, RequestContext } from '@kubernetes/client-node'
import { type Dispatcher, request } from 'undici'
import { KubeFailure, type KubeFailureCode } from './failure.ts'
import type { SharedKubeConfig } from './kube-config.ts'

/** One request to the API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Media type of the body; JSON when omitted. */
  readonly type?: string
  /** Name of the program that asks; the controller when omitted. */
  readonly agent?: string
  readonly signal: AbortSignal
}

/** Sends a request and gives the answer when its status is one of success; rejects with a KubeFailure. */
export async function kubeRequest(
  config: SharedKubeConfig,
  { path, query = {}, ...request }: KubeRequest,
): Promise<Dispatcher.ResponseData> {
  const server = config.getCurrentCluster()?.server ?? ''
  const url = new URL(server.replace(/\/$/, '') + path)
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value))
  }
  const answer = await sent(config, url, request)
  if (answer.statusCode < 300) return answer
  if (answer.statusCode === 401) config.renew()
  throw await failureOf(answer)
}

async function sent(
  config: SharedKubeConfig,
  url: URL,
  {
    method,
    body,
    type = 'application/json',
    agent = 'writ-controller',
    signal,
  }: Omit<KubeRequest, 'path' | 'query'>,
): Promise<Dispatcher.ResponseData> {
  try {
    const context = new RequestContext(url.href, HttpMethod[method])
    await config.applySecurityAuthentication(context)
    const dispatcher = context.getDispatcher()
    return await request(url, {
      method,
      headers: {
        ...context.getHeaders(),
        accept: 'application/json',
        'user-agent': agent,
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(dispatcher !== undefined && { dispatcher: dispatcher as Dispatcher }),
      signal,
    })
  } catch (cause) {
    config.renew()
    throw unreachable(cause)
  }
}

/** What a connection that broke, or an answer that did not come, is to the caller. */
export function unreachable(cause: unknown): KubeFailure {
  return new KubeFailure('unreachable', 'the API server cannot be reached', { cause })
}

async function failureOf(answer: Dispatcher.ResponseData): Promise<KubeFailure> {
  const text = await answer.body.text().catch(() => '')
  const { message, reason } = statusOf(text)
  const said = message.slice(0, longestMessage) || `the API server answered ${answer.statusCode}`
  return new KubeFailure(codeOf(answer.statusCode, reason), said)
}

const longestMessage = 2000

function statusOf(text: string): { readonly message: string; readonly reason: string } {
  try {
    const { message = '', reason = '' } = JSON.parse(text)
    return { message: String(message), reason: String(reason) }
  } catch {
    return { message: text, reason: '' }
  }
}

/** The code of a failure by the status of HTTP and the reason of a Status object. */
export function codeOf(status: number, reason: string): KubeFailureCode {
  if (reason === 'AlreadyExists') return 'already_exists'
  if (status === 429 || status >= 500) return 'busy'
  return codes.get(status) ?? 'refused'
}

const codes: ReadonlyMap<number, KubeFailureCode> = new Map([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [410, 'gone'],
  [422, 'invalid'],
])
