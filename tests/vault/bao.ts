import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import { SignJWT } from 'jose'
import type { Test } from 'tap'
import { selfSigned } from '../controller/channels/certificate.ts'

/** A development server of OpenBao on this machine, and its root token. */
export interface Bao {
  readonly url: string
  readonly root: string
  /** Its folder: with TLS, the certificates are in it. */
  readonly folder: string
  ask(method: string, path: string, body?: object, some?: Asked): Promise<Told>
  stop(): Promise<void>
}

interface Asked {
  readonly token?: string
  readonly namespace?: string
}

interface Told {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly body: any
}

async function freePort(): Promise<number> {
  const socket = createSocket()
  await new Promise<void>(resolve => socket.listen(0, '127.0.0.1', resolve))
  const { port } = socket.address() as AddressInfo
  await new Promise(resolve => socket.close(resolve))
  return port
}

/** Starts the program that BAO names; everything it keeps is in memory. */
export async function startBao(t: Test, program: string, args: string[] = []): Promise<Bao> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'writ-bao-'))
  const root = 'root-token-of-the-test'
  const options = [`-dev-root-token-id=${root}`, `-dev-listen-address=127.0.0.1:${port}`]
  const tls = args.includes('-dev-tls')
  const all = [
    'server',
    '-dev',
    ...options,
    ...args,
    ...(tls ? [`-dev-tls-cert-dir=${folder}`] : []),
  ]
  const env = { PATH: process.env.PATH, HOME: folder }
  const child = spawn(program, all, { env, stdio: 'ignore' })
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await closed
  }
  t.teardown(async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const ask: Bao['ask'] = async (method, path, body, { token = root, namespace } = {}) => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token, ...(namespace && { 'x-vault-namespace': namespace }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  if (!tls) {
    while (!(await ask('GET', 'sys/health').catch(() => null))) await after(50)
  } else await after(4000)
  return { url, root, folder, ask, stop }
}

/** Who a service account is, by a server that answers as the API of Kubernetes does. */
export async function reviewer(t: Test): Promise<{ url: string; jwt: string }> {
  const claims = {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:writ:proxy',
    aud: ['writ'],
    'kubernetes.io': { namespace: 'writ', serviceaccount: { name: 'proxy', uid: 'uid-1' } },
  }
  const jwt = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  const server = createServer(async (request, response) => {
    const review = (await json(request)) as { spec: { token: string } }
    const user = { username: claims.sub, uid: 'uid-1', groups: ['system:serviceaccounts'] }
    const known = review.spec.token === jwt
    const status = known
      ? { authenticated: true, user, audiences: claims.aud }
      : { authenticated: false }
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, jwt }
}

/** Lets the service account in with a role `writ` that may read what is below `secret/writ`. */
export async function furnish(bao: Bao, account: { url: string; jwt: string }): Promise<string> {
  const ask = async (...sent: Parameters<Bao['ask']>) => {
    const told = await bao.ask(...sent)
    if (told.status >= 400) throw new Error(`${sent[1]}: ${JSON.stringify(told)}`)
    return told
  }
  const policy = 'path "secret/data/writ/*" { capabilities = ["read"] }'
  await ask('POST', 'sys/policies/acl/writ', { policy })
  await ask('POST', 'secret/data/writ/default/github', { data: { token: 'ghp_value', count: 5 } })
  await ask('POST', 'secret/data/writ/default/gone', { data: { token: 'gone' } })
  await ask('DELETE', 'secret/data/writ/default/gone')
  await ask('POST', 'secret/data/private/default/github', { data: { token: 'private' } })
  await ask('POST', 'sys/auth/kubernetes', { type: 'kubernetes' })
  await ask('POST', 'auth/kubernetes/config', {
    kubernetes_host: account.url,
    token_reviewer_jwt: account.jwt,
    kubernetes_ca_cert: selfSigned().cert,
    disable_local_ca_jwt: true,
  })
  await ask('POST', 'auth/kubernetes/role/writ', {
    bound_service_account_names: ['proxy'],
    bound_service_account_namespaces: ['writ'],
    token_policies: ['writ'],
    token_ttl: '2s',
    token_max_ttl: '5s',
  })
  await ask('POST', 'sys/namespaces/team')
  const inTeam = { namespace: 'team' }
  await ask('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } }, inTeam)
  await after(500)
  const value = { data: { token: 'of the team' } }
  await ask('POST', 'secret/data/writ/default/github', value, inTeam)
  const reader = { policies: ['writ'], ttl: '1h' }
  return (await ask('POST', 'auth/token/create', reader)).body.auth.client_token
}
