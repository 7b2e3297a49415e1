import { spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { type ApiServer, apiServer } from './api-server.ts'
import { expectDone } from './approval-world.ts'
import { programPath } from './assets/programs.ts'
import { deployedController } from './deployed.ts'
import { freePort } from './free-port.ts'
import { type Ended, runProgram } from './run-program.ts'
import { started, type WritProcess } from './writ-process.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')
const commands = [...page.matchAll(/^\$ (.*)$/gm)].map(([, command = '']) => command)

/** What needs a container engine, a node, or a person at a terminal. */
const notRun = [/^docker build /, /^kubectl .*rollout status/, /^kubectl .*port-forward/]

/** The words of a command, as a shell would split it. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** A shelf of what the page has run so far, and what its commands mean here. */
interface Reading {
  readonly api: ApiServer
  /** The next commands of the page up to one that begins like this, each with what came of it. */
  until(beginning: string, as?: string): Promise<ReadonlyMap<string, Ended>>
  /** The next command alone. */
  next(as?: string): Promise<Ended>
  /** What stands for something in the page. */
  readonly meaning: Map<string, string>
}

function reading(api: ApiServer): Reading {
  const left = commands.filter(command => !notRun.some(pattern => pattern.test(command)))
  const meaning = new Map<string, string>()
  const run = (command: string, as = api.admin): Promise<Ended> => {
    const meant = [...meaning].reduce((said, [word, here]) => said.replaceAll(word, here), command)
    if (/\$\(|^openssl /.test(meant)) return inShell(meant, as)
    const [program = '', ...args] = words(meant)
    const inRoot = args.map(argument =>
      /^(charts|examples|crds)(\/|$)/.test(argument) ? join(root, argument) : argument,
    )
    return program === 'helm' ? api.helm(inRoot, { as }) : api.kubectl(inRoot, { as })
  }
  const next = async (as?: string) => run(left.shift() ?? 'the page has ended', as)
  return {
    api,
    next,
    meaning,
    async until(beginning, as) {
      const done = new Map<string, Ended>()
      while (left[0] !== undefined && !left[0].startsWith(beginning)) {
        done.set(left[0], await next(as))
      }
      return done
    },
  }
}

/** Runs a line as a shell does, with the programs of this machine. */
function inShell(line: string, kubeconfig: string): Promise<Ended> {
  const bins = [dirname(programPath('kubectl')), join(root, 'node_modules/.bin')]
  const PATH = [...bins, process.env.PATH].join(delimiter)
  const env = { PATH, HOME: process.env.HOME, KUBECONFIG: kubeconfig }
  return runProgram('bash', ['-c', line], env)
}

function fine(t: Test, done: ReadonlyMap<string, Ended>): void {
  for (const [command, { code, stderr }] of done) t.equal(code, 0, `${command}\n${stderr}`)
}

/**
 * Lets the API server call the webhooks of a process of this machine: there is nothing here that gives Services an
 * address. It is written as Helm writes, so that an upgrade meets nothing of somebody else.
 */
async function reachable(api: ApiServer, port: number): Promise<void> {
  const manifest = await expectDone(api.helm(['get', 'manifest', 'writ', '-n', 'writ-system']))
  const objects = parseAllDocuments(manifest).flatMap(document => document.toJS() ?? [])
  const service = { type: 'ExternalName', externalName: 'localhost' }
  const items = objects.flatMap(object => {
    if (object.kind === 'Service') return [{ ...object, spec: service }]
    return object.kind.endsWith('WebhookConfiguration') ? [calling(object, port)] : []
  })
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=helm', '-f', '-']
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await expectDone(api.kubectl(args, { input }))
}

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly service: object } }[]
}

function calling(configuration: Configuration, port: number): object {
  const webhooks = configuration.webhooks.map(webhook => {
    const { service } = webhook.clientConfig
    return { ...webhook, clientConfig: { service: { ...service, port } } }
  })
  return { ...configuration, webhooks }
}

/** The demonstration server of MCP, and its address. */
async function everything(t: Test): Promise<string> {
  const port = await freePort()
  const program = join(root, 'node_modules/.bin/mcp-server-everything')
  const child = spawn(program, ['streamableHttp'], {
    env: { PATH: process.env.PATH, PORT: `${port}` },
    stdio: 'ignore',
  })
  t.teardown(() => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}/mcp`
  while (!(await fetch(url).catch(() => null))) await after(50)
  return url
}

/** The sidecar of a pod, as the pod that came back has it. */
async function sidecar(
  t: Test,
  api: ApiServer,
  controller: URL,
  pod: string,
): Promise<WritProcess> {
  const found = (await api.ask('GET', `/api/v1/namespaces/shop/pods/${pod}`)).body
  const container = found.spec.initContainers[0]
  const token = ['create', 'token', found.spec.serviceAccountName, '-n', 'shop']
  const bound = ['--audience=writ', '--bound-object-kind=Pod', `--bound-object-name=${pod}`]
  const file = join(api.folder, `token-of-${pod}`)
  writeFileSync(file, await expectDone(api.kubectl([...token, ...bound])), { mode: 0o600 })
  const here: readonly (readonly [RegExp, string])[] = [
    [/^--port=.*/, '--port=0'],
    [/^--probe-port=.*/, '--probe-port=0'],
    [/^--controller=.*/, `--controller=${controller.origin}`],
    [/^--token-file=.*/, `--token-file=${file}`],
    [/^--data=.*/, `--data=${join(api.folder, `data-of-${pod}`)}`],
  ]
  const args: readonly string[] = container.args.map((argument: string) =>
    here.reduce((said, [pattern, meant]) => said.replace(pattern, meant), argument),
  )
  const env = container.env.map(({ name, value }: { name: string; value: string }) => [name, value])
  return started(t, args, Object.fromEntries(env), 'proxy')
}

async function connect(t: Test, { url }: WritProcess): Promise<Client> {
  const client = new Client({ name: 'clerk', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp/v1', url)) as never)
  t.teardown(() => client.close())
  return client
}

async function waitFor<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== null) return found
    await after(100)
  }
}

t.test('docs/kubernetes.md, from an empty cluster to an answered call', async t => {
  const api = await apiServer(t)
  const { until, next, meaning } = reading(api)
  const values = join(api.folder, 'values.yaml')
  writeFileSync(values, /^```yaml\n(# values\.yaml\n.*?)^```/ms.exec(page)?.[1] ?? '')
  meaning.set('-f values.yaml', `-f ${values}`)
  for (const name of ['signing-key.pem', 'checkpoint-key.pem']) {
    meaning.set(name, join(api.folder, name))
  }

  await t.test('the chart is installed, to try it and with a database', async t => {
    fine(t, await until('kubectl -n writ-system create secret'))
    fine(t, await until('kubectl apply -f examples/kubernetes'))
    const path = '/api/v1/namespaces/writ-system/secrets/writ-own-keys'
    const { data } = (await api.ask('GET', path)).body
    t.strictSame(Object.keys(data), [
      ...['admin-token', 'checkpoint-key.pem', 'proxy-token', 'signing-key.pem'],
    ])
    const key = createPrivateKey(Buffer.from(data['signing-key.pem'], 'base64'))
    t.equal(key.asymmetricKeyType, 'ed25519')
    // Back to the database in the pod: there is no PostgreSQL at the address of the page.
    const trial = [
      'upgrade',
      'writ',
      join(root, 'charts/writ'),
      '-n',
      'writ-system',
      '--reset-values',
    ]
    await expectDone(api.helm(trial))
  })

  const port = await freePort()
  await reachable(api, port)
  const { args, env } = await deployedController(api, join(api.folder, 'controller'))
  const onPort = args.map(argument =>
    argument.replace(/^--webhook-port=.*/, `--webhook-port=${port}`),
  )
  const controller = await started(t, onPort, env, 'controller')
  meaning.set('http://127.0.0.1:7400', controller.url.origin)

  await t.test('the controller leads and its webhooks are known', async t => {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
    await waitFor(async () => {
      const { items } = (await api.ask('GET', path)).body
      const trusted = items.flatMap(({ webhooks }: { webhooks: readonly Hook[] }) =>
        webhooks.map(({ clientConfig }) => clientConfig.caBundle !== undefined),
      )
      return trusted.every(Boolean) ? true : null
    })
    t.pass()
  })

  await t.test('the example is applied', async t => {
    await waitFor(async () => {
      const dry = ['apply', '--dry-run=server', '-f', join(root, 'examples/kubernetes/8-pods.yaml')]
      const { stderr } = await api.kubectl(dry)
      return stderr.includes('failed calling webhook') ? null : true
    })
    fine(t, await until('kubectl get writ'))
  })

  const tools = await everything(t)
  const patch = ['patch', 'toolserver', 'everything', '-n', 'shop', '--type=merge', '-p']
  await expectDone(api.kubectl([...patch, JSON.stringify({ spec: { url: tools } })]))
  const proxy = await sidecar(t, api, controller.url, 'clerk')

  await t.test('objects say what became of them', async t => {
    const done = await until('kubectl patch accesspolicy')
    fine(t, done)
    const listed = [...done].find(([command]) => command.startsWith('kubectl get writ'))?.[1]
    t.match(listed?.stdout, /accesspolicy\.writ\.dev\/tools/)
  })

  await t.test('a rule that does not compile is refused, with its place', async t => {
    const { code, stderr } = await next()
    t.equal(code, 1)
    t.match(stderr, /spec\.tools\[0\]\.rules\[0\]\.when/)
    t.match(stderr, /args\.message\.matches\(/)
  })

  await t.test('a call of the agent waits for Ana, who answers with kubectl', async t => {
    const client = await connect(t, proxy)
    const echo = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
    t.match(echo, { content: [{ text: 'Echo: hello' }] })
    const sum = client.callTool({ name: 'get-sum', arguments: { a: 99, b: 3 } })
    const ana = api.user('ana@example.com')
    const id = await waitFor(async () => {
      const { stdout } = await api.kubectl(['get', 'approvalrequests', '-n', 'shop', '-o', 'name'])
      return stdout === '' ? null : stdout.trim().replace(/^.*\//, '')
    })
    meaning.set(' ID ', ` ${id} `)
    fine(t, await until('helm upgrade writ charts/writ -n', ana))
    t.match(await sum, { content: [{ text: /102/ }] })
    const answered = await waitFor(async () => {
      const path = `/apis/writ.dev/v1alpha1/namespaces/shop/approvalrequests/${id}`
      const { status } = (await api.ask('GET', path)).body
      return status.state === 'consumed' && status.decisions[0].outcome ? status : null
    })
    t.match(answered.decisions, [
      { by: 'ana@example.com', decision: 'approve', outcome: 'counted' },
    ])
  })

  await t.test('the agent asks a model, without any key', async t => {
    const answer = await fetch(new URL('/openai/v1/chat/completions', proxy.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-sonnet-5',
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    })
    t.equal(answer.status, 200)
    t.match(await answer.json(), { choices: [{ message: { role: 'assistant' } }] })
  })

  await t.test('a repository that cannot be read is told of', async t => {
    const [source] = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, text = '']) =>
      text.includes('kind: PolicySource') ? [text] : [],
    )
    const upgraded = await next()
    t.equal(upgraded.code, 0, upgraded.stderr)
    await expectDone(api.kubectl(['apply', '-f', '-'], { input: source ?? '' }))
    fine(t, await until('kubectl get lease'))
    const path = '/apis/writ.dev/v1alpha1/namespaces/shop/policysources/main'
    const synced = await waitFor(async () => {
      const { conditions = [] } = (await api.ask('GET', path)).body.status ?? {}
      return conditions.find(({ type }: { type: string }) => type === 'Synced') ?? null
    })
    t.match(synced, { status: 'False' })
    await expectDone(api.kubectl(['delete', 'policysource', 'main', '-n', 'shop']))
    await reachable(api, port)
  })

  await t.test('the rest of the page', async t => {
    fine(t, await until('no command'))
    const idle = notRun.filter(pattern => !commands.some(command => pattern.test(command)))
    t.strictSame(idle, [], 'what is not run is on the page')
  })

  await t.test('the controller was never refused anything', async t => {
    t.strictSame(
      controller.log.filter(line => /forbidden/i.test(line)),
      [],
    )
  })
})

interface Hook {
  readonly clientConfig: { readonly caBundle?: string }
}
