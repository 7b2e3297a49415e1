import { once } from 'node:events'
import { request } from 'node:https'
import type { Test } from 'tap'
import {
  issueServing,
  makeAuthority,
} from '../../../controller/admission/certificates/authority.ts'
import {
  certificateHolder,
  type ServingCertificate,
} from '../../../controller/admission/certificates/certificates.ts'
import { type Webhook, webhookServer } from '../../../controller/admission/webhook-server.ts'

/** Webhooks on port 0 with a certificate of their own; everything ends with the test. */
export async function served(t: Test, webhooks: Readonly<Record<string, Webhook>>) {
  const authority = await makeAuthority(Date.now())
  const certificates = certificateHolder()
  certificates.hold(await issueServing(authority, ['127.0.0.1'], Date.now()))
  const logged: object[] = []
  const server = webhookServer({
    host: '127.0.0.1',
    port: 0,
    certificates,
    webhooks: new Map(Object.entries(webhooks)),
    log: { error: (fields, message) => void logged.push({ ...fields, message }) },
  })
  const stop = new AbortController()
  const running = server.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
  })
  const url = await server.listening
  return {
    url,
    logged,
    authority,
    hold: (next: ServingCertificate) => certificates.hold(next),
    post: (path: string, body: string | Buffer, more: object = {}) =>
      send(new URL(path, url), authority.cert, body, more),
  }
}

/** What came back over HTTPS, trusting `ca` alone; rejects when it is not trusted. */
export async function send(
  url: URL,
  ca: string,
  body: string | Buffer,
  { method = 'POST', type = 'application/json' }: { method?: string; type?: string } = {},
) {
  const sent = request(url, { method, ca, agent: false, headers: { 'content-type': type } })
  sent.end(body)
  const [response] = await once(sent, 'response')
  const certificate = response.socket.getPeerX509Certificate()?.toString()
  const text = (await response.toArray()).join('')
  const isJson = response.headers['content-type'] === 'application/json'
  return { status: response.statusCode, body: isJson ? JSON.parse(text) : text, certificate }
}

/** An AdmissionReview as the API server sends it. */
export function review(some: object): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'b9b1a5f2',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'team-a',
      operation: 'CREATE',
      userInfo: { username: 'ana' },
      object: { kind: 'Pod' },
      oldObject: null,
      dryRun: false,
      options: {},
      ...some,
    },
  })
}
