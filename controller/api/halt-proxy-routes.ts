import type { Request, Response } from 'express'
import { HaltList } from '../../schemas/halt.ts'
import { type SignedHaltsNeeds, signedHalts } from '../halts/signed-halts.ts'
import type { StoredHalts } from '../halts/stored-halts.ts'
import type { Caller } from './caller.ts'
import { eventStream } from './event-stream.ts'
import { scopeOf } from './proxy-scope.ts'
import type { Route } from './route.ts'

export interface HaltProxyRoutesNeeds extends SignedHaltsNeeds {
  readonly halts: Pick<StoredHalts, 'standing' | 'subscribe'>
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
}

/** What proxies hear of halts: the signed list at first, after every change, and with every beat. */
export function haltProxyRoutes(needs: HaltProxyRoutesNeeds): readonly Route[] {
  const { halts, onBeat } = needs
  const listFor = signedHalts(needs)
  return [
    {
      method: 'get',
      path: '/api/v1/halts/stream',
      roles: ['proxy'],
      about: {
        summary: 'The signed list of halts: at first, after every change, and every few seconds.',
        answers: {
          200: { description: 'Events `halts`.', type: 'text/event-stream', schema: HaltList },
        },
      },
      handle: (_request: Request, response: Response, caller: Caller) => {
        const scope = scopeOf(caller)
        const stream = eventStream(response, onBeat)
        const tell = () => stream.send('halts', listFor(scope))
        stream.whenClosed(halts.subscribe(tell))
        stream.whenClosed(onBeat(tell))
        tell()
      },
    },
  ]
}
