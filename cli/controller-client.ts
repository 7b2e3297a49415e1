import type { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import type { Problem } from '../schemas/problem.ts'
import type { ControllerAddress } from './data-folder.ts'
import { CliFailure } from './failure.ts'
import { version } from './version.ts'

/** The API of a controller. Fails with `controller_unreachable` or `controller_refused`. */
export interface ControllerClient {
  json(path: string, query?: Query): Promise<unknown>
  stream(path: string, query?: Query): Promise<Readable>
  /** Posts a JSON body. A refusal that has a code is an answer, not a failure. */
  post(path: string, body: object): Promise<Posted>
  /** Deletes what is at the path, and answers as a post does. */
  delete(path: string): Promise<Posted>
}

/** What came back: what was asked for, or why not. */
export type Posted =
  | { readonly outcome: 'done'; readonly value: unknown }
  | {
      readonly outcome: 'refused'
      readonly code: string
      readonly message: string
      /** What is wrong with what was posted, where the API says that. */
      readonly problems?: readonly Problem[]
    }

/** Words of a query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | undefined>>

/** By which the controller knows that it talks to the command line. */
export const userAgent = `writ-cli/${version}`

/** A client of the controller at the address. */
export function controllerClient({ url, token }: ControllerAddress): ControllerClient {
  const send = async (target: URL, body?: object, method = body ? 'POST' : 'GET') => {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': userAgent }
    const json = { 'content-type': 'application/json' }
    return request(target, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      headers: body ? { ...headers, ...json } : headers,
      headersTimeout: 30_000,
      bodyTimeout: 30_000,
    }).catch(cause => {
      throw new CliFailure(
        'controller_unreachable',
        `no controller answers at ${target.origin}`,
        'is `writ up` running? start it, or name another controller with --url',
        { cause },
      )
    })
  }
  const get = async (path: string, query: Query = {}) => {
    const target = withQuery(address(url, path), query)
    const answer = await send(target)
    if (answer.statusCode === 200) return answer.body
    throw refusal(answer.statusCode, target, problemOf(await answer.body.text()))
  }
  return {
    json: async (path, query) => (await get(path, query)).json(),
    stream: get,
    async post(path, body) {
      const target = address(url, path)
      return posted(await send(target, body), target)
    },
    async delete(path) {
      const target = address(url, path)
      return posted(await send(target, undefined, 'DELETE'), target)
    },
  }
}

async function posted(answer: Dispatcher.ResponseData, target: URL): Promise<Posted> {
  const text = await answer.body.text()
  if (answer.statusCode < 300) {
    return { outcome: 'done', value: text === '' ? null : JSON.parse(text) }
  }
  const problem = problemOf(text)
  const { code, detail, problems } = problem
  if (code === undefined || answer.statusCode === 429) {
    throw refusal(answer.statusCode, target, problem)
  }
  return { outcome: 'refused', code, message: detail, ...(problems && { problems }) }
}

/** The address of a path at a controller. Fails with `usage`. */
export function address(url: string, path: string): URL {
  try {
    return new URL(path, url)
  } catch {
    throw new CliFailure('usage', `${url} is no URL`, 'write it like http://127.0.0.1:7400')
  }
}

function withQuery(url: URL, query: Query): URL {
  for (const [word, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(word, value)
  }
  return url
}

/** A failure for a status with which a controller refuses. */
export function refusal(status: number, { origin }: URL, { detail }: Refusal): CliFailure {
  if (status === 401 || status === 403) {
    return new CliFailure(
      'controller_refused',
      `the controller at ${origin} does not accept the token`,
      'give the admin token or a key of yours with --token or WRIT_TOKEN',
    )
  }
  return new CliFailure('controller_refused', `the controller answered ${status}: ${detail}`)
}

/** What an RFC 9457 answer says went wrong. */
interface Refusal {
  readonly detail: string
  readonly code?: string
  readonly problems?: readonly Problem[]
}

function problemOf(body: string): Refusal {
  try {
    const { detail, title, code, problems } = JSON.parse(body)
    return {
      detail: String(detail ?? title),
      ...(typeof code === 'string' && { code }),
      ...(Array.isArray(problems) && { problems }),
    }
  } catch {
    return { detail: body.slice(0, 200) }
  }
}
