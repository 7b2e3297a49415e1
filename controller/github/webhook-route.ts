import { verify } from '@octokit/webhooks-methods'
import type { Request, Response } from 'express'
import Type from 'typebox'
import { attemptLimit, remoteKey } from '../api/attempt-limit.ts'
import { answerTooMany } from '../api/guard.ts'
import { answerProblem } from '../api/problem-answer.ts'
import type { Route } from '../api/route.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Deliveries } from './deliveries.ts'
import { deliveryOf, repositoryIn } from './github-delivery.ts'
import type { Watched } from './watched.ts'

export interface WebhookRouteNeeds {
  readonly watched: () => readonly Watched[]
  readonly deliveries: Pick<Deliveries, 'take'>
  readonly secrets: Secrets
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** GitHub sends up to 25 MB; what is larger than this is a push of very many commits, which the next poll finds. */
const mostBytes = 2 * 1024 * 1024

const Outcome = Type.Object({
  outcome: Type.Unsafe<'taken' | 'duplicate' | 'ignored'>({
    type: 'string',
    enum: ['taken', 'duplicate', 'ignored'],
    description: 'What became of it: a delivery is taken once.',
  }),
})

/** What GitHub calls when something happens in a repository. It is believed by its signature, and only wakes. */
export function githubWebhookRoute(needs: WebhookRouteNeeds): Route {
  const limit = attemptLimit(needs.now)
  return {
    method: 'post',
    path: '/api/v1/webhooks/github',
    roles: 'everyone',
    about: {
      summary: 'What GitHub calls when something happens in a repository; signed by GitHub.',
      body: Type.Object({}, { description: 'The payload of the event, as JSON.' }),
      answers: { 202: { description: 'What became of it.', schema: Outcome } },
    },
    body: { type: 'application/json', mostBytes },
    async handle(request, response) {
      const sent = await genuine(needs, request)
      if (sent === null) {
        return refuse(needs, limit.take(remoteKey(request.socket.remoteAddress)), response)
      }
      const delivery = deliveryOf(sent)
      const taken = delivery !== null && (await needs.deliveries.take(delivery))
      const outcome = delivery === null ? 'ignored' : taken ? 'taken' : 'duplicate'
      response.status(202).json({ outcome })
    },
  }
}

const unknown =
  'The signature is not by the webhook secret of a repository that something in force names.'

function refuse({ log }: WebhookRouteNeeds, wait: number, response: Response): void {
  if (wait > 0) {
    answerTooMany(response, wait)
    return
  }
  log.warn({}, 'webhook without a signature that is known')
  answerProblem(response, 401, unknown)
}

/** What was sent, if who sent it knows the secret of the repository that it is about. */
async function genuine(needs: WebhookRouteNeeds, request: Request) {
  const id = request.get('x-github-delivery') ?? ''
  const event = request.get('x-github-event') ?? ''
  const signature = request.get('x-hub-signature-256') ?? ''
  const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : ''
  if (!deliveryId.test(id) || !eventName.test(event) || !signature || !text) return null
  const payload = parsed(text)
  const repository = repositoryIn(payload)
  if (repository === null) return null
  for (const secret of await secretsFor(needs, repository)) {
    if (await verify(secret, text, signature)) return { id, event, payload }
  }
  return null
}

const deliveryId = /^[0-9A-Za-z-]{1,64}$/
const eventName = /^[a-z_]{1,64}$/

async function secretsFor(
  { watched, secrets, log }: WebhookRouteNeeds,
  repository: string,
): Promise<readonly string[]> {
  const name = repository.toLowerCase()
  const found: string[] = []
  for (const { place, namespace, webhookSecretRef: ref } of watched()) {
    if (ref === null || place.repository.toLowerCase() !== name) continue
    const secret = await secrets(namespace, ref).catch(error => {
      log.warn({ err: error, namespace, secretName: ref.name }, 'webhook secret not looked up')
      return null
    })
    if (secret?.trim()) found.push(secret.trim())
  }
  return found
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
