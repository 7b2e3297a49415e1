import { isAbsolute, resolve } from 'node:path'
import type { TableServer } from '../../../schemas/rule-table.ts'
import { ProxyFailure } from '../../failure.ts'
import { version } from '../../version.ts'
import { GivenSecrets } from '../../withhold.ts'
import type { Secrets } from '../needs.ts'
import { openChannelLink } from './channel-link.ts'
import { credentialOf, lookupFailure } from './credential.ts'
import { discreet, discreetLink } from './discreet-link.ts'
import { openHttpLink } from './http-link.ts'
import { type HttpTarget, httpTarget, lowerCased } from './http-target.ts'
import type { Identity, Introduction, Link, LinkEvents } from './link.ts'
import { discover, modernLink } from './modern-link.ts'
import type { Login, Logins } from './oauth/login.ts'
import { oauthServer } from './oauth/oauth-server.ts'
import { openSse } from './sse-channel.ts'
import { openStdio } from './stdio-channel.ts'
import { filledIn, filledInUrl, type Variable } from './variables.ts'

/** How the links to one server are opened. */
export interface Connector {
  /** The link that belongs to nobody: for lists and for clients without a session. */
  main(events: LinkEvents): Promise<Link>
  /** A link for one client with a session, or null when clients share the main link. */
  own(identity: Identity, events: LinkEvents): Promise<Link> | null
  /** Settles when no socket is left; what is under way gets `graceMs` to finish. */
  close(graceMs: number): Promise<void>
}

export interface ConnectorNeeds {
  readonly namespace: string
  readonly server: Pick<TableServer, 'name' | 'spec'>
  readonly timeoutMs: number
  readonly keys: ConnectorKeys
  readonly onStderr: (line: string) => void
  /** Told that the server takes nothing from Writ any more, and why. */
  readonly onLost: (why: string) => void
}

/** What opens doors. */
interface ConnectorKeys {
  readonly secrets: Secrets
  /** Null where none are kept: servers that want OAuth are then out of reach. */
  readonly logins: Logins | null
  readonly now: () => number
}

/** Who Writ is when it asks on its own account. */
export const writ: Identity = {
  clientInfo: { name: 'writ', version },
  capabilities: {},
}

/** A process that all clients share may ask back; what it asks is relayed when it is clear whom it means. */
const onBehalf: Identity = {
  clientInfo: writ.clientInfo,
  capabilities: { sampling: {}, elicitation: { form: {}, url: {} } },
}

/**
 * Makes ready what a ToolServer says; rejects with a ProxyFailure when a credential is missing. What the server says when
 * it fails is passed on without the secrets that were looked up for it.
 */
export async function connector(needs: ConnectorNeeds): Promise<Connector> {
  const given = new GivenSecrets()
  const { withhold } = given
  const plain = await plainConnector({ ...needs, keys: noting(needs.keys, given) })
  const opened = (link: Promise<Link>) =>
    link.then(
      link => discreetLink(link, withhold),
      error => {
        throw discreet(error, withhold)
      },
    )
  return {
    main: events => opened(plain.main(events)),
    own(identity, events) {
      const link = plain.own(identity, events)
      return link && opened(link)
    },
    close: graceMs => plain.close(graceMs),
  }
}

/** The same keys; what is looked up with them is noted. */
function noting({ secrets, logins, now }: ConnectorKeys, given: GivenSecrets): ConnectorKeys {
  const note = (login: Login) => {
    given.add(login.accessToken)
    if (login.refreshToken !== undefined) given.add(login.refreshToken)
  }
  return {
    now,
    async secrets(namespace, ref) {
      const secret = await secrets(namespace, ref).catch(cause => {
        throw lookupFailure(ref, cause)
      })
      if (secret !== null) given.add(secret)
      return secret
    },
    logins: logins && {
      async read(namespace, server) {
        const login = await logins.read(namespace, server)
        if (login !== null) note(login)
        return login
      },
      async write(namespace, server, login) {
        note(login)
        await logins.write(namespace, server, login)
      },
      remove: (namespace, server) => logins.remove(namespace, server),
    },
  }
}

async function plainConnector(needs: ConnectorNeeds): Promise<Connector> {
  const { transport = 'streamable-http' } = needs.server.spec
  switch (transport) {
    case 'stdio':
      return stdioConnector(needs, await environmentOf(needs))
    case 'sse': {
      const url = await addressOf(needs)
      return sseConnector(needs, url, await targetOf(needs, url))
    }
    case 'streamable-http':
      return httpConnector(needs, await targetOf(needs, await addressOf(needs)))
  }
}

function stdioConnector(
  { server, timeoutMs, onStderr }: ConnectorNeeds,
  env: Readonly<Record<string, string>>,
): Connector {
  const { command = '', args = [], cwd } = server.spec
  const program = {
    command,
    args,
    env,
    cwd: cwd === undefined || isAbsolute(cwd) ? cwd : resolve(cwd),
    onStderr,
  }
  return {
    main: events =>
      openChannelLink(channel => openStdio(program, channel), onBehalf, events, timeoutMs),
    own: () => null,
    close: () => Promise.resolve(),
  }
}

function sseConnector({ timeoutMs }: ConnectorNeeds, url: string, target: HttpTarget): Connector {
  const open = (identity: Identity, events: LinkEvents) =>
    openChannelLink(
      channel => openSse(target, url, timeoutMs, channel),
      identity,
      events,
      timeoutMs,
    )
  return {
    main: events => open(writ, events),
    own: open,
    close: graceMs => closePool(target, graceMs),
  }
}

function httpConnector({ timeoutMs }: ConnectorNeeds, target: HttpTarget): Connector {
  let modern: Introduction | null = null
  let speaksLegacy = true
  const own = async (identity: Identity, events: LinkEvents): Promise<Link> => {
    if (modern === null) return openHttpLink(target, identity, events, timeoutMs)
    try {
      if (speaksLegacy) return await openHttpLink(target, identity, events, timeoutMs)
    } catch (error) {
      if (mayBeOtherEra(error)) speaksLegacy = false
      else throw error
    }
    return modernLink(target, identity, modern)
  }
  return {
    async main(events) {
      modern = await discoverable(target, timeoutMs)
      if (modern !== null) return modernLink(target, writ, modern)
      return openHttpLink(target, writ, events, timeoutMs)
    },
    own,
    close: graceMs => closePool(target, graceMs),
  }
}

async function closePool({ pool }: HttpTarget, graceMs: number): Promise<void> {
  const force = setTimeout(() => void pool.destroy(), graceMs)
  await pool.close()
  clearTimeout(force)
}

async function discoverable(target: HttpTarget, timeoutMs: number): Promise<Introduction | null> {
  try {
    return await discover(target, writ, timeoutMs)
  } catch (error) {
    if (mayBeOtherEra(error)) return null
    throw error
  }
}

/** Servers answer a handshake that they do not know in every way but properly. */
function mayBeOtherEra(error: unknown): boolean {
  if (!(error instanceof ProxyFailure)) return false
  return ['upstream_refused', 'upstream_garbage', 'upstream_lost'].includes(error.code)
}

/** The environment of a program, its references to variables of this process filled in. */
async function environmentOf(needs: ConnectorNeeds): Promise<Readonly<Record<string, string>>> {
  const env: [string, string][] = []
  for (const [name, text] of Object.entries(needs.server.spec.env ?? {})) {
    env.push([name, await filledIn(text, variableOf(needs))])
  }
  return Object.fromEntries(env)
}

function addressOf(needs: ConnectorNeeds): Promise<string> {
  return filledInUrl(needs.server.spec.url ?? '', variableOf(needs))
}

/** Variables are secrets under the name `env`: whoever keeps the secrets says which may be read. */
function variableOf({ namespace, keys }: ConnectorNeeds): Variable {
  return key => keys.secrets(namespace, { name: 'env', key })
}

async function targetOf(needs: ConnectorNeeds, url: string): Promise<HttpTarget> {
  const { namespace, server, keys } = needs
  const { auth, headers } = server.spec
  if (auth?.type === 'oauth') return authorizedTarget(needs)
  const credential = await credentialOf(namespace, auth, keys.secrets)
  return httpTarget(url, { ...lowerCased(headers), ...credentialHeader(auth, credential) })
}

function credentialHeader(
  auth: TableServer['spec']['auth'],
  credential: string | null,
): Readonly<Record<string, string>> {
  if (auth === undefined || credential === null) return {}
  if (auth.type === 'bearer') return { authorization: `Bearer ${credential}` }
  return { [(auth.header ?? 'x-api-key').toLowerCase()]: credential }
}

/** What OAuth needs is loaded when a server wants it, and not before. */
async function authorizedTarget({
  namespace,
  server,
  keys,
  onLost,
}: ConnectorNeeds): Promise<HttpTarget> {
  const { logins, now, secrets } = keys
  if (logins === null) throw new ProxyFailure('unauthorized', 'no logins are kept here')
  const { oauthTarget } = await import('./oauth/oauth-target.ts')
  return oauthTarget({
    server: await oauthServer(namespace, server, secrets),
    logins,
    now,
    onLost,
  })
}
