import { Command } from 'commander'
import type { Status } from '../../controller/status/status.ts'
import type { Login } from '../../proxy/mcp/upstream/oauth/login.ts'
import { loginFiles } from '../../proxy/mcp/upstream/oauth/login-files.ts'
import { oauthServer } from '../../proxy/mcp/upstream/oauth/oauth-server.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import { compileSources, printProblems } from '../compile-sources.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  dataOption,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { type KnownServer, keptServers, publishedServers, serversIn } from '../known-servers.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { problemCounts } from '../problem-text.ts'
import { loginFolder, proxyFolder } from '../proxy-folder.ts'
import { type LookUpOptions, lookingUp } from '../secrets/look-up.ts'
import { portOption, secretsOption } from '../serve/serve-options.ts'
import { type RowNeeds, serverRow, serverTable } from '../server-row.ts'
import { printable, type Terminal } from '../terminal.ts'

/** `writ servers`: the tool servers behind Writ, and logins at them. */
export function serversCommand(terminal: Terminal): Command {
  return new Command('servers')
    .summary('show the tool servers, and log in at them')
    .description('The tool servers behind Writ, and logins at those that want one.')
    .addCommand(listCommand(terminal))
    .addCommand(loginCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ servers list')
}

interface ListOptions extends ControllerOptions, LookUpOptions {
  readonly namespace: string
  readonly output: OutputFormat
}

function listCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('list'))
    .summary('show the tool servers, how they are, and where a login is needed')
    .description(
      'Shows the tool servers that policies name, or those of a running controller: how they are\n' +
        'reached, how the proxies see them, and whether somebody has logged in at those that want it.',
    )
    .argument('[paths...]', 'policy files or folders; the running controller when omitted')
    .addOption(namespaceOption())
    .addOption(secretsOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ servers list')
    .action(async (paths: string[], options: ListOptions) => {
      const found = await (paths.length > 0
        ? written(paths, options.namespace, terminal)
        : running(options))
      if (found === null) return terminal.end(1)
      const rows = await lookingUp(options, terminal, async secrets => {
        const needs = await rowNeeds(options, found.upstreams, secrets)
        return Promise.all(found.servers.map(server => serverRow(server, needs)))
      })
      const { out } = terminal
      if (options.output === 'json') out.line(JSON.stringify({ servers: rows }))
      else out.line(rows.length === 0 ? 'There are no tool servers.' : serverTable(rows, out))
    })
}

interface Found {
  readonly servers: readonly KnownServer[]
  readonly upstreams: RowNeeds['upstreams']
}

async function written(
  paths: readonly string[],
  namespace: string,
  terminal: Terminal,
): Promise<Found | null> {
  const compiled = await compileSources(paths, namespace, terminal)
  if (compiled.tables !== null) {
    const tables = [...compiled.tables.values()].map(({ table }) => table)
    return { servers: serversIn(tables), upstreams: [] }
  }
  printProblems(compiled, terminal.err)
  terminal.err.line(`the policies do not compile: ${problemCounts(compiled.problems)}`)
  return null
}

async function running(options: ListOptions): Promise<Found> {
  const client = controllerClient(await controllerAddress(options))
  const status = (await client.json('/api/v1/status')) as Status
  const connected = status.proxies.filter(({ connected }) => connected)
  return {
    servers: await publishedServers(client),
    upstreams: connected.flatMap(({ upstreams }) => upstreams),
  }
}

async function rowNeeds(
  { data }: ControllerOptions,
  upstreams: RowNeeds['upstreams'],
  secrets: Secrets,
): Promise<RowNeeds> {
  const folder = await proxyFolder(data)
  return {
    upstreams,
    logins: folder === null ? null : loginFiles(loginFolder(folder)),
    secrets,
    now: Date.now(),
  }
}

interface LoginOptions extends LookUpOptions {
  readonly namespace: string
  readonly port: number
  readonly output: OutputFormat
}

/** How long a person may take to log in. */
const patienceMs = 5 * 60_000

function loginCommand(terminal: Terminal): Command {
  return new Command('login')
    .summary('log in at a tool server')
    .description(
      'Prints the address of a page, waits until somebody has logged in there, and keeps the tokens in\n' +
        'the data folder of the proxy. The proxy uses them by itself, and refreshes them.',
    )
    .argument('<name>', 'the ToolServer')
    .addOption(namespaceOption())
    .addOption(secretsOption())
    .addOption(dataOption())
    .addOption(portOption('--port', 'WRIT_LOGIN_PORT', 0))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ servers login tracker')
    .action(async (name: string, options: LoginOptions) => {
      const folder = await proxyFolder(options.data)
      if (folder === null) throw noProxy(options)
      const servers = await keptServers(folder)
      const { namespace } = options
      const server = servers.find(each => each.namespace === namespace && each.name === name)
      if (server === undefined) throw unknownServer(name, options, servers)
      const login = await loggedIn(server, folder, options, terminal)
      terminal.out.line(options.output === 'json' ? loginJson(server, login) : loginText(login))
    })
}

async function loggedIn(
  known: KnownServer,
  folder: string,
  options: LoginOptions,
  terminal: Terminal,
): Promise<Login> {
  const { namespace, name, spec } = known
  const { port, output } = options
  if (spec.auth?.type !== 'oauth' || spec.auth.grant === 'client_credentials') {
    throw new CliFailure('usage', `nobody has to log in at ${name}`)
  }
  const { logIn } = await import('../../proxy/mcp/upstream/oauth/log-in.ts')
  const show = (page: URL, back: string) =>
    terminal.out.line(
      output === 'json'
        ? JSON.stringify({ open: page.href, back })
        : `Open this page and log in there:\n\n  ${printable(page.href)}\n\nIt comes back to ${back}; Writ waits for five minutes.`,
    )
  try {
    return await logIn({
      server: await lookingUp(options, terminal, secrets => oauthServer(namespace, known, secrets)),
      logins: loginFiles(loginFolder(folder)),
      port,
      patienceMs,
      now: Date.now,
      show,
    })
  } catch (cause) {
    throw loginFailure(name, cause)
  }
}

function loginJson({ namespace, name }: KnownServer, { issuer, scope, expiresAt }: Login): string {
  const expires = expiresAt === undefined ? {} : { expires: new Date(expiresAt).toISOString() }
  return JSON.stringify({ namespace, server: name, issuer, ...(scope && { scope }), ...expires })
}

function loginText({ issuer, refreshToken, expiresAt }: Login): string {
  const end = expiresAt === undefined ? '' : ` until ${new Date(expiresAt).toISOString()}`
  const length = refreshToken === undefined ? end : ''
  return `Logged in at ${printable(issuer)}${length}. The proxy connects within half a minute.`
}

function noProxy({ data }: LoginOptions): CliFailure {
  return new CliFailure(
    'usage',
    `no proxy has run with the data folder ${data}`,
    'start `npx writ up` first, or name the data folder of the proxy with --data',
  )
}

function unknownServer(
  name: string,
  { namespace }: LoginOptions,
  servers: readonly KnownServer[],
): CliFailure {
  const names = servers.map(each => `${each.namespace}/${each.name}`).join(', ')
  return new CliFailure(
    'usage',
    `the proxy knows no ToolServer ${name} in the namespace ${namespace}`,
    names === '' ? 'it knows none at all' : `it knows ${names}`,
  )
}

/** A failure of the login itself is said in its own words; they hold no secrets. */
function loginFailure(name: string, cause: unknown): unknown {
  const { name: kind, message, code } = Object(cause)
  if (kind === 'ProxyFailure')
    return new CliFailure('login_failed', `nobody is logged in at ${name}: ${message}`)
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return cause
  return new CliFailure('port_in_use', `the port cannot be had (${code})`, 'choose another --port')
}
