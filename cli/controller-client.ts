import type { Readable } from 'node:stream'
import { request } from 'undici'
import type { ControllerAddress } from './data-folder.ts'
import { CliFailure } from './failure.ts'

/** The API of a controller, for reading. Fails with `controller_unreachable` or `controller_refused`. */
export interface ControllerClient {
  json(path: string, query?: Query): Promise<unknown>
  stream(path: string, query?: Query): Promise<Readable>
}

/** Words of a query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | undefined>>

/** A client of the controller at the address. */
export function controllerClient({ url, token }: ControllerAddress): ControllerClient {
  const get = async (path: string, query: Query = {}) => {
    const target = withQuery(address(url, path), query)
    const answer = await request(target, {
      headers: { authorization: `Bearer ${token}` },
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
    if (answer.statusCode === 200) return answer.body
    throw refusal(answer.statusCode, target, await answer.body.text())
  }
  return {
    json: async (path, query) => (await get(path, query)).json(),
    stream: get,
  }
}

function address(url: string, path: string): URL {
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

function refusal(status: number, { origin }: URL, body: string): CliFailure {
  if (status === 401 || status === 403) {
    return new CliFailure(
      'controller_refused',
      `the controller at ${origin} does not accept the token`,
      'give the admin token with --token or WRIT_TOKEN',
    )
  }
  return new CliFailure('controller_refused', `the controller answered ${status}: ${detail(body)}`)
}

/** What an RFC 9457 answer says went wrong. */
function detail(body: string): string {
  try {
    const problem = JSON.parse(body)
    return String(problem.detail ?? problem.title)
  } catch {
    return body.slice(0, 200)
  }
}
