import Type from 'typebox'
import type { Caller } from '../../api/caller.ts'
import { declare } from '../../api/declare.ts'
import { RequestFailure } from '../../api/problem-answer.ts'
import type { Route } from '../../api/route.ts'
import { homeOf } from '../channel.ts'
import { PushSubscription, type Reachable, readSubscription } from './push-subscription.ts'
import type { Person, PushSubscriptions } from './push-subscriptions.ts'
import type { VapidKeys } from './vapid-keys.ts'

interface PushRoutesNeeds {
  readonly subscriptions: PushSubscriptions
  readonly keys: VapidKeys
  readonly reachable: Reachable
}

const path = '/api/v1/push/subscriptions'
const mostBytes = 16_384

/** By which a person's browser asks to be told, and not to be told any more. */
export function pushRoutes({ subscriptions, keys, reachable }: PushRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/push/key',
      roles: ['person', 'admin'],
      permission: 'view_approvals',
      summary: 'The key with which a browser subscribes to push messages of this installation.',
      answers: {
        200: {
          description: 'The application server key, base64url.',
          schema: Type.Object({ publicKey: Type.String() }),
        },
      },
      handle: (_asked, response) => void response.json({ publicKey: keys.publicKey }),
    }),
    declare({
      method: 'post',
      path,
      roles: ['person', 'admin'],
      permission: 'view_approvals',
      summary: 'Tells the caller in a browser from now on.',
      body: { schema: PushSubscription, mostBytes },
      answers: { 204: { description: 'The browser is told.' } },
      handle: async ({ body, caller }, response) => {
        await subscriptions.add(peopleOf(caller), readSubscription(body, reachable))
        response.status(204).end()
      },
    }),
    declare({
      method: 'delete',
      path,
      roles: ['person', 'admin'],
      permission: 'view_approvals',
      summary: 'Tells the caller no more in a browser.',
      body: { schema: Type.Object({ endpoint: Type.String({ maxLength: 2048 }) }), mostBytes },
      answers: { 204: { description: 'The browser is not told any more.' } },
      handle: async ({ body, caller }, response) => {
        await subscriptions.remove(peopleOf(caller), body.endpoint)
        response.status(204).end()
      },
    }),
  ]
}

/** The Users that the caller is, each once. Throws a RequestFailure for a caller who is no person. */
function peopleOf(caller: Caller): readonly Person[] {
  const users = 'person' in caller ? [...(caller.person?.users ?? [])] : []
  const homes = users.map(([namespace, user]) => homeOf(namespace, user))
  if (homes.length === 0) throw new RequestFailure(403, 'Only a person is told.')
  return [...new Map(homes.map(home => [JSON.stringify(home), home])).values()]
}
