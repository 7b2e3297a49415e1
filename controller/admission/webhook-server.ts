import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Service } from '../../lifecycle/run.ts'
import { type AdmissionRequest, readReview } from './admission-request.ts'
import { type AdmissionVerdict, reviewOf } from './admission-verdict.ts'
import { type BodyMemory, bodyMemory } from './body-memory.ts'
import type { Certificates, ServingCertificate } from './certificates/certificates.ts'

/** Judges one object. What it throws is the API server's business: it then does what its `failurePolicy` says. */
export type Webhook = (request: AdmissionRequest) => AdmissionVerdict | Promise<AdmissionVerdict>

export interface WebhookServerNeeds {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly certificates: Pick<Certificates, 'current' | 'subscribe'>
  /** By path, such as `/pods/inject`. */
  readonly webhooks: ReadonlyMap<string, Webhook>
  readonly log: { error(fields: object, message: string): void }
}

/** A service that answers the API server over HTTPS; `listening` rejects when the address cannot be had. */
export type WebhookServer = Service & { readonly listening: Promise<URL> }

/** What one webhook judges at once; more is to come again. */
const mostAtOnce = 16
const mostConnections = 512

/** Serves webhooks until stopped, always with the certificate of the moment. */
export function webhookServer(needs: WebhookServerNeeds): WebhookServer {
  const listening = Promise.withResolvers<URL>()
  listening.promise.catch(() => undefined)
  return {
    name: 'webhooks',
    listening: listening.promise,
    async run(signal) {
      try {
        const server = serverOf(needs, await firstOf(needs.certificates, signal))
        const unsubscribe = needs.certificates.subscribe(next => server.setSecureContext(next))
        try {
          server.listen(needs.port, needs.host)
          await once(server, 'listening', { signal })
          listening.resolve(urlOf(server))
          await once(signal, 'abort')
        } finally {
          unsubscribe()
          await closed(server)
        }
      } catch (error) {
        listening.reject(error)
        if (!signal.aborted) throw error
      }
    },
  }
}

/** Waits for the certificate that there is none of yet; rejects when aborted. */
async function firstOf(
  { current, subscribe }: WebhookServerNeeds['certificates'],
  signal: AbortSignal,
): Promise<ServingCertificate> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<ServingCertificate>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const unsubscribe = subscribe(resolve)
  const known = current()
  if (known !== null) resolve(known)
  try {
    return await promise
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', abort)
  }
}

function serverOf(needs: WebhookServerNeeds, certificate: ServingCertificate): Server {
  const answer = answering(needs)
  const server = createServer(
    {
      ...certificate,
      handshakeTimeout: 5000,
      headersTimeout: 5000,
      requestTimeout: 15_000,
      keepAliveTimeout: 60_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      response.on('error', () => undefined)
      answer(request, response)
    },
  )
  server.maxConnections = mostConnections
  return server
}

function answering({ webhooks, log }: WebhookServerNeeds) {
  const doors = new Map([...webhooks].map(([path, webhook]) => [path, limited(webhook)]))
  const hold = bodyMemory()
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?', 1)[0] ?? ''
    const webhook = doors.get(path)
    if (webhook === undefined) turnAway(response, 404)
    else
      answer(request, webhook, hold).then(
        answered => {
          if (typeof answered === 'number') turnAway(response, answered)
          else response.writeHead(200, json).end(JSON.stringify(answered))
        },
        error => {
          if (request.errored !== null) return
          log.error({ err: error, path }, 'webhook failed')
          turnAway(response, 500)
        },
      )
  }
}

const json = { 'content-type': 'application/json' }

/** The review that answers, or the status with which the request is turned away. */
async function answer(
  request: IncomingMessage,
  webhook: Limited,
  hold: BodyMemory,
): Promise<object | number> {
  if (request.method !== 'POST') return 405
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1)
  if (type.trim().toLowerCase() !== 'application/json') return 415
  using held = hold()
  const chunks: Buffer[] = []
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const status = held.add(chunk.length)
    if (status !== null) return status
    chunks.push(chunk)
  }
  const asked = readReview(Buffer.concat(chunks))
  if (asked === null) return 400
  const verdict = await webhook(asked)
  return verdict === 'busy' ? 503 : reviewOf(asked.uid, verdict)
}

type Limited = (request: AdmissionRequest) => Promise<AdmissionVerdict | 'busy'>

function limited(webhook: Webhook): Limited {
  let judging = 0
  return async request => {
    if (judging >= mostAtOnce) return 'busy'
    judging++
    try {
      return await webhook(request)
    } finally {
      judging--
    }
  }
}

/** Nothing that was sent is read any further. */
function turnAway(response: ServerResponse, status: number): void {
  if (response.headersSent || response.destroyed) return
  response
    .writeHead(status, { connection: 'close', 'content-type': 'text/plain' })
    .end(`${status}\n`)
}

function urlOf(server: Server): URL {
  const { address, port, family } = server.address() as AddressInfo
  return new URL(`https://${family === 'IPv6' ? `[${address}]` : address}:${port}/`)
}

/** What is being judged is answered first, for a moment. */
async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  server.close(() => resolve())
  server.closeIdleConnections()
  await promise
  clearTimeout(force)
}

const graceMs = 2000
