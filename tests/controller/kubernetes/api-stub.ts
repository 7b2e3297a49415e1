import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Kube, openKube } from '../../../controller/kubernetes/kube.ts'

/** Answers one request. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

/** A client of a server that answers as the test wants, for faults that a real API server does not show when asked. */
export async function stubbed(t: Test, handle: Handler): Promise<Kube> {
  const server = createServer((request, response) =>
    handle(request, response, new URL(request.url ?? '', 'http://stub')),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const folder = mkdtempSync(join(tmpdir(), 'writ-stub-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, configOf((server.address() as AddressInfo).port))
  return openKube({ kubeconfig })
}

function configOf(port: number): string {
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'stub',
    clusters: [{ name: 'stub', cluster }],
    users: [{ name: 'stub', user: { token: 'token-of-the-test' } }],
    contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'stub' } }],
  })
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A Status object as the API server answers failures with. */
export function statusObject(code: number, reason: string, message = reason): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}
