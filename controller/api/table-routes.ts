import type { Request, Response } from 'express'
import type { Kysely } from 'kysely'
import Type from 'typebox'
import { closed } from '../../schemas/field.ts'
import type { ProxyIdentity } from '../../schemas/proxy-identity.ts'
import { TableRelease } from '../../schemas/table-release.ts'
import { hasReleased } from '../publish/has-released.ts'
import { asSigned, type Releases } from '../publish/releases.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { Database } from '../store/database.ts'
import type { Caller } from './caller.ts'
import { eventStream } from './event-stream.ts'
import { RequestFailure } from './problem-answer.ts'
import { isInScope, scopeOf } from './proxy-scope.ts'
import type { Route } from './route.ts'

export interface TableRoutesNeeds {
  readonly db: Kysely<Database>
  readonly releases: Releases
  readonly key: SigningKey
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
}

const Key = closed(
  {
    keyId: Type.String({ description: 'Which key it is.' }),
    publicKey: Type.String({ description: 'SPKI in base64.' }),
  },
  'The key that signs releases.',
)

const { properties } = TableRelease
const PastRelease = closed(
  { ...properties, commit: Type.Optional(Type.String({ description: 'Commit of the source.' })) },
  'A release, and the commit its source was at.',
)

const Tables = closed(
  {
    inForce: Type.Array(PastRelease, { description: 'One for each namespace.' }),
    history: Type.Array(PastRelease, { description: 'Newest first.' }),
  },
  'Releases.',
)

/** What proxies follow: releases as they come, tables by digest, the key they are signed with. */
export function tableRoutes({ db, releases, key, onBeat }: TableRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/key',
      roles: ['proxy', 'admin'],
      permission: 'view_status',
      about: {
        summary: 'The key that signs releases.',
        answers: { 200: { description: 'The key.', schema: Key } },
      },
      handle: (_request, response) => {
        response.json({ keyId: key.id, publicKey: key.publicKey })
      },
    },
    {
      method: 'get',
      path: '/api/v1/tables/stream',
      roles: ['proxy'],
      about: {
        summary: 'Releases as they come, after those in force.',
        answers: {
          200: {
            description: 'Events `release`; before them `identity`, which says whose the token is.',
            type: 'text/event-stream',
            schema: TableRelease,
          },
        },
      },
      handle: (request, response, caller) =>
        stream(releases, onBeat, { request, response, caller }),
    },
    {
      method: 'get',
      path: '/api/v1/tables',
      roles: ['admin'],
      permission: 'view_policies',
      about: {
        summary: 'Releases in force, and the newest of those before.',
        answers: { 200: { description: 'Releases.', schema: Tables } },
      },
      handle: async (_request, response) => {
        response.json({ inForce: releases.current(), history: await releases.history(200) })
      },
    },
    bodyRoute(db, releases),
  ]
}

function bodyRoute(db: Kysely<Database>, releases: Releases): Route {
  return {
    method: 'get',
    path: '/api/v1/tables/:digest',
    roles: ['proxy', 'admin'],
    permission: 'view_policies',
    about: {
      summary: 'A rule table by its digest, byte for byte as it was signed.',
      params: Type.Object({ digest: Type.String({ description: '`sha256:` and hex.' }) }),
      answers: { 200: { description: 'The table.', schema: Type.Object({}) } },
    },
    handle: async (request, response, caller) => {
      const digest = String(request.params.digest)
      const scope = scopeOf(caller)
      const isOwn = scope === null || (await hasReleased(db, scope, digest))
      const body = isOwn ? await releases.body(digest) : null
      if (body === null) throw new RequestFailure(404, 'No table with this digest is kept.')
      response.type('application/json').send(Buffer.from(body))
    },
  }
}

interface Reading {
  readonly request: Request
  readonly response: Response
  readonly caller: Caller
}

function stream(
  releases: Releases,
  onBeat: TableRoutesNeeds['onBeat'],
  { request, response, caller }: Reading,
): void {
  const stream = eventStream(response, onBeat)
  stream.send('identity', identityFor(caller))
  const tell = (release: TableRelease) => {
    if (isInScope(caller, release.namespace)) stream.send('release', release, release.sequence)
  }
  stream.whenClosed(releases.subscribe(tell))
  const seen = Number(request.get('last-event-id') ?? 0)
  for (const release of releases.current()) {
    if (!(release.sequence <= seen)) tell(asSigned(release))
  }
}

/** What a proxy is told of itself. */
function identityFor(caller: Caller): ProxyIdentity {
  const pod = caller.role === 'proxy' ? caller.pod : undefined
  return {
    namespace: scopeOf(caller),
    ...(pod && { pod: pod.name, serviceAccount: pod.serviceAccount }),
  }
}
