import type { ProxyStatus } from '../controller/status/status.ts'
import type { Logins } from '../proxy/mcp/upstream/oauth/login.ts'
import { isFor, needsPerson } from '../proxy/mcp/upstream/oauth/oauth-server.ts'
import { filledInUrl } from '../proxy/mcp/upstream/variables.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { KnownServer } from './known-servers.ts'
import { printable, type Sink, type Style } from './terminal.ts'

/** A ToolServer as `writ servers list` shows it. */
export interface ServerRow {
  readonly namespace: string
  readonly name: string
  readonly transport: string
  /** Its URL as it is written, or the program. */
  readonly address: string
  /** How the proxies see it, the worst first; absent when none has said. */
  readonly state?: State
  readonly error?: string
  /** `none`: nobody has to log in. `unknown`: this machine does not know. */
  readonly login: 'none' | 'there' | 'needed' | 'unknown'
}

type Upstream = ProxyStatus['upstreams'][number]
type State = Upstream['state']

export interface RowNeeds {
  /** How the proxies see their servers. */
  readonly upstreams: readonly Upstream[]
  /** Null when no proxy keeps logins here. */
  readonly logins: Logins | null
  readonly secrets: Secrets
  readonly now: number
}

/** What there is to say about a server. */
export async function serverRow(server: KnownServer, needs: RowNeeds): Promise<ServerRow> {
  const { namespace, name, spec } = server
  const { transport = 'streamable-http', url = '', command = '' } = spec
  return {
    namespace,
    name,
    transport,
    address: transport === 'stdio' ? command : url,
    ...worst(needs.upstreams.filter(seen => seen.namespace === namespace && seen.name === name)),
    login: await loginOf(server, needs),
  }
}

const badness: readonly State[] = ['failed', 'connecting', 'connected']

function worst(seen: readonly Upstream[]): Pick<ServerRow, 'state' | 'error'> {
  const [first] = seen.toSorted((a, b) => badness.indexOf(a.state) - badness.indexOf(b.state))
  if (first === undefined) return {}
  const { state, error } = first
  return { state, ...(error !== undefined && { error }) }
}

async function loginOf(
  { namespace, name, spec }: KnownServer,
  { logins, secrets, now }: RowNeeds,
): Promise<ServerRow['login']> {
  const { auth, url = '' } = spec
  if (auth?.type !== 'oauth' || !needsPerson({ auth })) return 'none'
  const variable = (key: string) => secrets(namespace, { name: 'env', key })
  const address = await filledInUrl(url, variable).catch(() => null)
  if (address === null || logins === null) return 'unknown'
  const login = await logins.read(namespace, name)
  const isHere = login !== null && isFor(login, { url: new URL(address), auth })
  if (!isHere || login.wanted !== undefined) return 'needed'
  const { expiresAt = Number.POSITIVE_INFINITY, refreshToken } = login
  return refreshToken === undefined && expiresAt <= now ? 'needed' : 'there'
}

const head = ['NAME', 'TRANSPORT', 'ADDRESS', 'LOGIN', 'STATE']

/** The rows as a table for people; the namespace is shown where there is more than one. */
export function serverTable(rows: readonly ServerRow[], sink: Sink): string {
  const several = new Set(rows.map(({ namespace }) => namespace)).size > 1
  const cells = rows.map(({ namespace, name, transport, address, login }) =>
    [several ? `${namespace}/${name}` : name, transport, address, login].map(printable),
  )
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map(line => (line[i] ?? '').length)),
  )
  const line = (texts: readonly string[], last: string) =>
    [...texts.map((text, i) => text.padEnd(widths[i] ?? 0)), last].join('  ')
  return [
    line(head.slice(0, -1), 'STATE'),
    ...rows.map((row, i) => line(cells[i] ?? [], stateText(row, sink))),
  ].join('\n')
}

const styles: Readonly<Record<State, Style>> = {
  failed: 'red',
  connecting: 'yellow',
  connected: 'green',
}

function stateText({ state, error }: ServerRow, sink: Sink): string {
  if (state === undefined) return 'unknown'
  return `${sink.paint(styles[state], state)}${error === undefined ? '' : `: ${printable(error)}`}`
}
