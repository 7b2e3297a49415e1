import type { Request, Response } from 'express'
import Type from 'typebox'
import { closed } from '../../schemas/field.ts'
import { TableRelease } from '../../schemas/table-release.ts'
import { asSigned, type Releases } from '../publish/releases.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import { eventStream } from './event-stream.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface TableRoutesNeeds {
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
export function tableRoutes({ releases, key, onBeat }: TableRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/key',
      roles: ['proxy', 'admin'],
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
            description: 'Events `release`.',
            type: 'text/event-stream',
            schema: TableRelease,
          },
        },
      },
      handle: (request, response) => stream(releases, onBeat, request, response),
    },
    {
      method: 'get',
      path: '/api/v1/tables',
      roles: ['admin'],
      about: {
        summary: 'Releases in force, and the newest of those before.',
        answers: { 200: { description: 'Releases.', schema: Tables } },
      },
      handle: async (_request, response) => {
        response.json({ inForce: releases.current(), history: await releases.history(200) })
      },
    },
    {
      method: 'get',
      path: '/api/v1/tables/:digest',
      roles: ['proxy', 'admin'],
      about: {
        summary: 'A rule table by its digest, byte for byte as it was signed.',
        params: Type.Object({ digest: Type.String({ description: '`sha256:` and hex.' }) }),
        answers: { 200: { description: 'The table.', schema: Type.Object({}) } },
      },
      handle: async (request, response) => {
        const body = await releases.body(String(request.params.digest))
        if (body === null) throw new RequestFailure(404, 'No table with this digest is kept.')
        response.type('application/json').send(Buffer.from(body))
      },
    },
  ]
}

function stream(
  releases: Releases,
  onBeat: TableRoutesNeeds['onBeat'],
  request: Request,
  response: Response,
): void {
  const stream = eventStream(response, onBeat)
  const tell = (release: TableRelease) => stream.send('release', release, release.sequence)
  stream.whenClosed(releases.subscribe(tell))
  const seen = Number(request.get('last-event-id') ?? 0)
  for (const release of releases.current()) {
    if (!(release.sequence <= seen)) tell(asSigned(release))
  }
}
