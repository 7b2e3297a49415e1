import type { Request, Response } from 'express'
import type Type from 'typebox'
import type { Caller } from './caller.ts'
import { cookieOf } from './guard.ts'
import { RequestFailure } from './problem-answer.ts'
import { jsonBody } from './read-body.ts'
import { queryReader } from './read-query.ts'
import type { About, Route } from './route.ts'
import { validator } from './validator.ts'

type None = Type.TObject<Record<never, never>>

/** A route of which everything that comes in is checked by the schemas that describe it. */
interface Declaration<P extends Type.TObject, Q extends Type.TObject, B extends Type.TSchema>
  extends Omit<Route, 'body' | 'about' | 'handle'> {
  readonly summary: string
  readonly params?: P
  readonly query?: Q
  /** The JSON body; one that may be left out is then an empty object. */
  readonly body?: { readonly schema: B; readonly mostBytes: number; readonly optional?: boolean }
  readonly answers: About['answers']
  handle(asked: Asked<P, Q, B>, response: Response): Promise<void> | void
}

/** A request that fits its schemas. */
interface Asked<P extends Type.TObject, Q extends Type.TObject, B extends Type.TSchema> {
  readonly params: Type.Static<P>
  readonly query: Type.Static<Q>
  readonly body: Type.Static<B>
  readonly caller: Caller
  /** Where it came from, as the socket says. */
  readonly remote: string | undefined
  readonly userAgent: string | undefined
  /** The media types that the caller would have. */
  readonly accept: string | undefined
  /** The secret of the cookie that signed the caller in, if one did. */
  readonly cookie: string | null
}

/** Makes a route of its declaration: a path that does not fit is 404, a query or body that does not is 400. */
export function declare<
  P extends Type.TObject = None,
  Q extends Type.TObject = None,
  B extends Type.TSchema = Type.TUnknown,
>(declared: Declaration<P, Q, B>): Route {
  const { summary, params, query, body, answers, handle, ...route } = declared
  const readParams = params === undefined ? () => ({}) : paramsReader(params)
  const readQuery = query === undefined ? () => ({}) : queryReader(query)
  const readBody = body === undefined ? () => undefined : validator(body.schema)
  return {
    ...route,
    about: {
      summary,
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: body.schema }),
      answers,
    },
    ...(body && { body: { type: 'application/json', mostBytes: body.mostBytes } }),
    handle: (request, response, caller) =>
      handle(
        {
          params: readParams(request.params) as Type.Static<P>,
          query: readQuery(request.query) as Type.Static<Q>,
          body: (body &&
            readBody(body.optional && isBare(request) ? {} : jsonBody(request))) as Type.Static<B>,
          caller,
          remote: request.socket.remoteAddress,
          userAgent: request.get('user-agent'),
          accept: request.get('accept'),
          cookie: cookieOf(response),
        },
        response,
      ),
  }
}

/** Whether a request came without a body. */
function isBare({ headers }: Request): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

/** What is named wrongly is not there. */
function paramsReader(schema: Type.TObject): (params: object) => unknown {
  const read = validator(schema)
  return params => {
    try {
      return read({ ...params })
    } catch {
      throw new RequestFailure(404, 'There is nothing at this address.')
    }
  }
}
