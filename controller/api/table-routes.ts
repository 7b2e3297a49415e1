import type { Request, Response } from 'express'
import type { TableRelease } from '../../schemas/table-release.ts'
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

/** What proxies follow: releases as they come, tables by digest, the key they are signed with. */
export function tableRoutes({ releases, key, onBeat }: TableRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/key',
      roles: ['proxy', 'admin'],
      handle: (_request, response) => {
        response.json({ keyId: key.id, publicKey: key.publicKey })
      },
    },
    {
      method: 'get',
      path: '/api/v1/tables/stream',
      roles: ['proxy'],
      handle: (request, response) => stream(releases, onBeat, request, response),
    },
    {
      method: 'get',
      path: '/api/v1/tables',
      roles: ['admin'],
      handle: async (_request, response) => {
        response.json({ inForce: releases.current(), history: await releases.history(200) })
      },
    },
    {
      method: 'get',
      path: '/api/v1/tables/:digest',
      roles: ['proxy', 'admin'],
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
