import Type from 'typebox'
import { attemptLimit, remoteKey } from '../api/attempt-limit.ts'
import { answerTooMany } from '../api/guard.ts'
import { answerProblem } from '../api/problem-answer.ts'
import type { Route } from '../api/route.ts'
import { isGenuine } from './webhook-signature.ts'

/** A source that webhooks wake. */
export interface WokenSource {
  /** namespace/name of its PolicySource, or the name alone in namespace `default`. */
  readonly names: readonly string[]
  /** The secret shared with its forge, or null. */
  secret(): Promise<string | null>
  look(): void | Promise<void>
}

export interface GitWebhookNeeds {
  /** Those in force. */
  readonly sources: () => readonly WokenSource[]
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** A larger push is found by the next poll. */
const mostBytes = 2 * 1024 * 1024

/** What a forge calls when something was pushed. It is believed by its signature, and only wakes: what is there is fetched. */
export function gitWebhookRoute({ sources, now, log }: GitWebhookNeeds): Route {
  const limit = attemptLimit(now)
  return {
    method: 'post',
    path: '/api/v1/webhooks/git/:source',
    roles: 'everyone',
    about: {
      summary: 'What a forge calls when something was pushed; signed with the webhook secret.',
      params: Type.Object({
        source: Type.String({
          maxLength: 512,
          description: 'Name of the PolicySource; namespace:name in another namespace.',
        }),
      }),
      body: Type.Object({}, { description: 'The payload, as JSON; it is not read.' }),
      answers: { 202: { description: 'The repository is looked at.' } },
    },
    body: { type: 'application/json', mostBytes },
    async handle(request, response) {
      const name = String(request.params.source).replace(':', '/')
      const found = sources().find(({ names }) => names.includes(name))
      const secret = (await found?.secret())?.trim()
      const proof = {
        signature: request.get('x-hub-signature-256'),
        token: request.get('x-gitlab-token'),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      }
      if (found && secret && isGenuine(proof, secret)) {
        await found.look()
        response.status(202).end()
        return
      }
      const wait = limit.take(remoteKey(request.socket.remoteAddress))
      if (wait > 0) {
        answerTooMany(response, wait)
        return
      }
      log.warn({}, 'webhook without a signature that is known')
      answerProblem(response, 401, 'The signature is not by the webhook secret of such a source.')
    },
  }
}
