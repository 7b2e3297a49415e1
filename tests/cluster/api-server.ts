import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { type Program, programPath } from './assets/programs.ts'
import { authority as makeAuthority, type Pair } from './authority.ts'
import {
  apiServerArguments,
  type ControlPlane,
  controllersArguments,
  etcdArguments,
} from './control-plane.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { startGuard } from './guard.ts'
import { type Credential, kubeconfig } from './kubeconfig.ts'
import { type Ended, runProgram } from './run-program.ts'

/** A kube-apiserver with an etcd of its own, on loopback, for one test. */
export interface ApiServer {
  readonly url: string
  /** The certificate authority of the server, PEM, and its file. */
  readonly ca: string
  readonly caFile: string
  /** Is removed with the server; tests may write here. */
  readonly folder: string
  /** Path of the kubeconfig of a cluster admin. */
  readonly admin: string
  /** Path of a kubeconfig of somebody with a client certificate. */
  user(name: string, ...groups: readonly string[]): string
  /** Path of a kubeconfig that shows a token. */
  bearer(token: string): string
  /** Files of a certificate that the authority signed for a server, such as `DNS:hook.default.svc`. */
  certificate(...names: readonly string[]): Pair
  kubectl(args: readonly string[], some?: Asking): Promise<Ended>
  helm(args: readonly string[], some?: Asking): Promise<Ended>
  /** Asks the API itself, as admin. */
  ask(method: Method, path: string, body?: object, contentType?: string): Promise<Told>
  /** Makes a namespace and its service account `default`, without which no pod is let in. */
  namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>
  /** Stops the API server, does what is to be done meanwhile, and starts it with the same etcd and port. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
  /** Freezes the API server: connections stay, nothing is answered. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** As whom (path of a kubeconfig; the admin's else), what goes to stdin, and more environment. */
interface Asking {
  readonly as?: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** An answer of the API, its body parsed. */
interface Told {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly body: any
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What a test may want to be different. */
export interface ApiServerOptions {
  /** Runs controllers too: namespaces end, what is owned ends with its owner, service accounts come by themselves. */
  readonly controllers?: boolean
  /** More arguments of kube-apiserver. */
  readonly flags?: readonly string[]
}

/** Starts a cluster of servers only, without nodes; it answers when this returns, and ends with the test. */
export async function apiServer(t: Test, options: ApiServerOptions = {}): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-cluster-'))
  const guard = startGuard(folder)
  const authority = makeAuthority(folder)
  const plane = { folder, authority, etcdPort: await freePort(), port: await freePort() }
  const url = `https://127.0.0.1:${plane.port}`
  const configs = makeConfigs(plane, url)
  const { admin, adminPair } = configs
  const serverArguments = [...apiServerArguments(plane), ...(options.flags ?? [])]
  const daemons = new Map<Program, Daemon>()
  const start = (program: Program, args: readonly string[]) => {
    daemons.set(program, startDaemon(programPath(program), args, join(folder, `${program}.log`)))
    guard.watch([...daemons.values()].map(daemon => daemon.pid))
  }
  const client = openClient(url, readFileSync(authority.certFile, 'utf8'), adminPair)
  const ready = () => untilReady(client.ask, daemons)
  const server = () => daemons.get('kube-apiserver')!
  const stop = async () => {
    const all = [...daemons.values()].reverse()
    daemons.clear()
    for (const daemon of all) await daemon.stop('kill')
    await client.close()
    await guard.dismiss()
  }
  t.teardown(stop)
  start('etcd', etcdArguments(plane))
  start('kube-apiserver', serverArguments)
  await ready()
  if (options.controllers) start('kube-controller-manager', controllersArguments(plane, admin))
  await serviceAccount(client.ask, 'default')
  return {
    url,
    ca: readFileSync(authority.certFile, 'utf8'),
    caFile: authority.certFile,
    folder,
    admin,
    user: configs.user,
    certificate: configs.certificate,
    bearer: token => configs.write({ token }),
    kubectl: (args, some) => tool('kubectl', args, { as: admin, ...some }, folder),
    helm: (args, some) => tool('helm', args, { as: admin, ...some }, folder),
    ask: client.ask,
    namespace: async (name, labels = {}) => {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
      expectMade(await client.ask('POST', '/api/v1/namespaces', body))
      await serviceAccount(client.ask, name)
    },
    restart: async meanwhile => {
      await server().stop()
      await meanwhile?.()
      start('kube-apiserver', serverArguments)
      await ready()
    },
    pause: () => server().signal('SIGSTOP'),
    resume: () => server().signal('SIGCONT'),
    stop,
  }
}

/** Writes kubeconfigs, each in a file of its own. */
function makeConfigs({ folder, authority }: ControlPlane, url: string) {
  let count = 0
  const write = (credential: Credential) => {
    const path = join(folder, `kubeconfig-${++count}`)
    writeFileSync(path, kubeconfig(url, authority.certFile, credential), { mode: 0o600 })
    return path
  }
  const adminPair = authority.client('admin', 'admin', ['system:masters'])
  return {
    write,
    adminPair,
    admin: write(adminPair),
    certificate: (...names: readonly string[]) => authority.server(`server-${++count}`, names),
    user: (name: string, ...groups: readonly string[]) =>
      write(authority.client(`user-${++count}`, name, groups)),
  }
}

function openClient(url: string, ca: string, pair: Pair) {
  const agent = new Agent({
    connect: { ca, cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) },
  })
  const ask: ApiServer['ask'] = async (method, path, body, contentType = 'application/json') => {
    const answer = await request(`${url}${path}`, {
      dispatcher: agent,
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': contentType } }),
    })
    const text = await answer.body.text()
    const isJson = answer.headers['content-type'] === 'application/json'
    return { status: answer.statusCode, body: isJson ? JSON.parse(text) : text }
  }
  return { ask, close: () => agent.close() }
}

async function untilReady(
  ask: ApiServer['ask'],
  daemons: ReadonlyMap<Program, Daemon>,
): Promise<void> {
  const startedAt = Date.now()
  for (;;) {
    const answer = await ask('GET', '/readyz').catch(() => null)
    if (answer?.status === 200) return
    for (const [program, daemon] of daemons) {
      if (daemon.ended) throw new Error(`${program} ended:\n${daemon.lastWords()}`)
    }
    if (Date.now() - startedAt > 120_000) {
      const words = daemons.get('kube-apiserver')?.lastWords()
      throw new Error(`kube-apiserver is not ready: ${answer?.body}\n${words}`)
    }
    await after(50)
  }
}

async function serviceAccount(ask: ApiServer['ask'], namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
  for (;;) {
    const answer = await ask('POST', path, body)
    // The server makes its own namespaces a moment after it is ready.
    if (answer.status !== 404) return expectMade(answer)
    await after(50)
  }
}

function expectMade({ status, body }: Told): void {
  if (status >= 400 && status !== 409) throw new Error(JSON.stringify(body))
}

/** Runs a tool with a home of its own; plugins of kubectl are found in the PATH that is given. */
function tool(name: Program, args: readonly string[], some: Asking, folder: string) {
  const path = programPath(name)
  const env = {
    PATH: [dirname(path), process.env.PATH].join(delimiter),
    HOME: folder,
    KUBECONFIG: some.as,
    ...some.env,
  }
  return runProgram(path, args, env, some.input)
}
