import type { Request, Response } from 'express'
import Type from 'typebox'
import { closed, resourceName } from '../../schemas/field.ts'
import {
  MadeRuntimeToken,
  RevocationList,
  RuntimeToken,
  RuntimeTokenRequest,
} from '../../schemas/runtime-token.ts'
import type { Releases } from '../publish/releases.ts'
import {
  RuntimeTokens,
  type RuntimeTokensNeeds,
  type TokenRefusal,
} from '../tokens/runtime-tokens.ts'
import { type Caller, identityOf, userIn } from './caller.ts'
import { declare } from './declare.ts'
import { eventStream } from './event-stream.ts'
import { ownersIn } from './is-owner.ts'
import { RequestFailure } from './problem-answer.ts'
import { isInScope, scopeOf } from './proxy-scope.ts'
import type { Route } from './route.ts'

export interface RuntimeTokenRoutesNeeds extends Omit<RuntimeTokensNeeds, 'releases'> {
  readonly releases: Releases
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
}

const Query = closed(
  { namespace: Type.Optional(resourceName('Tokens of this namespace.')) },
  'Which tokens to list.',
)
const Tokens = closed(
  { tokens: Type.Array(RuntimeToken, { description: 'Newest first.' }) },
  'Tokens.',
)
const TokenId = Type.Object({
  id: Type.String({ pattern: '^rtk-[0-9a-z]{16}$', description: 'Id of the token.' }),
})
const News = closed(
  { changed: Type.Literal(true, { description: 'The list has to be read.' }) },
  'That the list of revoked tokens may have changed.',
)

const path = '/api/v1/runtime-tokens'

/** Tokens of runtimes: made, listed and revoked by owners; agents open none of this. */
export function runtimeTokenRoutes(needs: RuntimeTokenRoutesNeeds): readonly Route[] {
  const { directories } = needs.releases
  const tokens = new RuntimeTokens(needs)
  const isOwner = ownersIn(directories)
  const owns: Owns = (caller, namespace) =>
    caller.role === 'admin' || isOwner(namespace, userIn(caller, namespace))
  const namespaces = () => directories.all().map(({ namespace }) => namespace)
  return [
    makeRoute(tokens, owns),
    listRoute(tokens, owns, namespaces),
    revokeRoute(tokens, owns),
    ...proxyRoutes(tokens, needs.onBeat),
  ]
}

type Owns = (caller: Caller, namespace: string) => boolean

function makeRoute(tokens: RuntimeTokens, owns: Owns): Route {
  return declare({
    method: 'post',
    path,
    roles: ['admin', 'person'],
    permission: 'manage_tokens',
    attempt: 'make a token',
    summary: 'Makes a token by which a runtime calls as an agent for a while; for owners.',
    body: { schema: RuntimeTokenRequest, mostBytes: 65_536 },
    answers: { 201: { description: 'The token, shown this once.', schema: MadeRuntimeToken } },
    handle: async ({ body, caller }, response) => {
      const { namespace = 'default', agent, ttlSeconds, session } = body
      if (!owns(caller, namespace)) throw notAnOwner()
      const bound = session === undefined ? {} : { session }
      const by = byWhom(caller, namespace)
      const made = await tokens.make({ namespace, agent, ttlSeconds, ...bound, by })
      if (typeof made === 'string') throw refused(made, agent)
      response.status(201).json(made)
    },
  })
}

function listRoute(tokens: RuntimeTokens, owns: Owns, namespaces: () => readonly string[]): Route {
  return declare({
    method: 'get',
    path,
    roles: ['admin', 'person'],
    permission: 'manage_tokens',
    attempt: 'list tokens',
    summary: 'Tokens of the namespaces that you own, without their text.',
    query: Query,
    answers: { 200: { description: 'Tokens.', schema: Tokens } },
    handle: async ({ query: { namespace }, caller }, response) => {
      const own = namespaces().filter(name => owns(caller, name))
      const asked = own.filter(name => namespace === undefined || name === namespace)
      response.json({ tokens: await tokens.list(asked) })
    },
  })
}

function revokeRoute(tokens: RuntimeTokens, owns: Owns): Route {
  return declare({
    method: 'delete',
    path: `${path}/:id`,
    roles: ['admin', 'person'],
    permission: 'manage_tokens',
    attempt: 'revoke a token',
    summary: 'Revokes a token; proxies hear of it at once.',
    params: TokenId,
    answers: { 204: { description: 'It is revoked.' } },
    handle: async ({ params: { id }, caller }, response) => {
      const namespace = await tokens.namespaceOf(id)
      if (namespace === null || !owns(caller, namespace)) {
        throw new RequestFailure(404, 'There is no such token.', 'unknown_token')
      }
      await tokens.revoke(id, byWhom(caller, namespace))
      response.status(204).end()
    },
  })
}

function proxyRoutes(
  tokens: RuntimeTokens,
  onBeat: RuntimeTokenRoutesNeeds['onBeat'],
): readonly Route[] {
  return [
    {
      method: 'get',
      path: `${path}/revocations`,
      roles: ['proxy', 'admin'],
      permission: 'view_status',
      about: {
        summary: 'The tokens that are revoked before their time, signed.',
        answers: { 200: { description: 'The list.', schema: RevocationList } },
      },
      handle: async (_request, response, caller) => {
        response.json(await tokens.revocations(scopeOf(caller)))
      },
    },
    {
      method: 'get',
      path: `${path}/revocations/stream`,
      roles: ['proxy'],
      about: {
        summary:
          'Says when the list of revoked tokens has to be read: at first, and after every change.',
        answers: {
          200: { description: 'Events `revocations`.', type: 'text/event-stream', schema: News },
        },
      },
      handle: (_request: Request, response: Response, caller: Caller) => {
        const stream = eventStream(response, onBeat)
        const tell = () => stream.send('revocations', { changed: true })
        const onRevoked = (namespace: string) => {
          if (isInScope(caller, namespace)) tell()
        }
        stream.whenClosed(tokens.subscribe(onRevoked))
        tell()
      },
    },
  ]
}

function notAnOwner(): RequestFailure {
  return new RequestFailure(403, 'Only owners of the namespace make tokens.', 'not_an_owner')
}

function refused(code: TokenRefusal, agent: string): RequestFailure {
  return code === 'unknown_agent'
    ? new RequestFailure(404, `No Agent ${agent} is in force in this namespace.`, code)
    : new RequestFailure(429, 'Too many tokens are good at once; revoke some.', code)
}

function byWhom(caller: Caller, namespace: string): string {
  const user = userIn(caller, namespace)
  return user === '' ? identityOf(caller) : `${user} (${identityOf(caller)})`
}
