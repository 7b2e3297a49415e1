import { backoff } from '../../../lifecycle/backoff.ts'
import type { UpstreamReport } from '../../../schemas/proxy-report.ts'
import type { TableServer } from '../../../schemas/rule-table.ts'
import { ProxyFailure } from '../../failure.ts'
import type { Log, Secrets } from '../needs.ts'
import { isObject } from '../rpc.ts'
import {
  type Catalog,
  changedBy,
  changedIn,
  emptyCatalog,
  type Offering,
  readCatalog,
} from './catalog.ts'
import { type Connector, connector } from './connect.ts'
import { millisecondsOf } from './duration.ts'
import type { Era, Identity, Incoming, Link } from './link.ts'
import { listenForChanges } from './listen-for-changes.ts'
import type { Logins } from './oauth/login.ts'

/** Who calls a server: a client with a session, or any client without. */
export interface LinkUser {
  readonly era: Era
  readonly identity: Identity
  /** Told what the server says apart from any request. */
  hear(upstream: Upstream, message: Incoming): void
}

export interface UpstreamNeeds {
  readonly secrets: Secrets
  readonly logins: Logins | null
  readonly log: Log
  readonly now: () => number
  /** Called when the state of the server has changed, and which of its lists. */
  readonly onChange: (upstream: Upstream, lists: readonly Offering[]) => void
}

type State = 'connecting' | 'connected' | 'failed'

/** A link that a client has or is about to have. */
interface Opened {
  readonly opening: Promise<Link>
  link: Link | null
}

const firstRetryMs = 500
const mostRetryMs = 30_000
const connectMs = 30_000
const staleMs = 10_000

/** One ToolServer: kept connected, its lists at hand, one link for each client that needs its own. */
export class Upstream {
  readonly namespace: string
  readonly name: string
  readonly prefix: string
  readonly timeoutMs: number
  /** Settles when the first attempt to connect has ended. */
  readonly tried: Promise<void>
  readonly #server: TableServer
  readonly #needs: UpstreamNeeds
  readonly #links = new Map<LinkUser, Opened>()
  readonly #retry = backoff(firstRetryMs, mostRetryMs)
  #connector: Connector | null = null
  #main: Link | null = null
  #catalog: Catalog = emptyCatalog
  #readAt = 0
  #state: State = 'connecting'
  #error = ''
  #stopped = false
  #again: NodeJS.Timeout | undefined
  #stopListening: () => void = () => undefined

  constructor(namespace: string, server: TableServer, needs: UpstreamNeeds) {
    this.namespace = namespace
    this.name = server.name
    this.prefix = server.spec.prefix ?? ''
    this.timeoutMs = millisecondsOf(server.spec.timeout ?? '60s')
    this.#server = server
    this.#needs = needs
    this.tried = this.#connect()
  }

  get catalog(): Catalog {
    return this.#catalog
  }

  /** How it talks to clients without a session. */
  get era(): Era {
    return this.#main?.era ?? 'legacy'
  }

  get instructions(): string {
    return this.#main?.introduction.instructions ?? ''
  }

  get report(): UpstreamReport {
    const { namespace, name } = this
    const tools = this.#catalog.tools.map(({ name, description, inputSchema }) => ({
      name: String(name).slice(0, 256),
      ...(typeof description === 'string' ? { description: description.slice(0, 16_384) } : {}),
      ...(isObject(inputSchema) ? { inputSchema } : {}),
    }))
    const lists = this.#state === 'connecting' ? {} : { tools }
    const error = this.#error === '' ? {} : { error: this.#error }
    return { namespace, name, state: this.#state, ...lists, ...error }
  }

  /** Whether this is what the table says; a server that is written differently is started anew. */
  is(server: TableServer): boolean {
    return JSON.stringify(server.spec) === JSON.stringify(this.#server.spec)
  }

  /** The link on which a client's requests go, where it is open already. */
  ready(user: LinkUser): Link | null {
    const link = user.era === 'modern' ? this.#main : (this.#links.get(user)?.link ?? null)
    return link?.open === true ? link : null
  }

  /** The same link, opened where it must be; rejects with a ProxyFailure when there is none to be had. */
  async link(user: LinkUser): Promise<Link> {
    const known = this.#links.get(user)
    if (known !== undefined) {
      const link = await known.opening
      if (link.open) return link
      this.#links.delete(user)
    }
    const main = this.#main
    if (main === null || this.#connector === null || !main.open) {
      const why = this.#error === '' ? 'it is not connected yet' : this.#error
      throw new ProxyFailure('upstream_unreachable', `the server ${this.name} is away: ${why}`)
    }
    if (user.era === 'modern') return main
    return this.#links.get(user)?.opening ?? this.#open(this.#connector, main, user)
  }

  /** The link that a client has, without opening one. */
  opened(user: LinkUser): Promise<Link> | undefined {
    return this.#links.get(user)?.opening
  }

  /** Closes what was opened for a client. */
  forget(user: LinkUser): void {
    const opened = this.#links.get(user)
    this.#links.delete(user)
    opened?.opening.then(
      link => (link === this.#main ? undefined : link.close()),
      () => undefined,
    )
  }

  /** Reads the lists again when the server is not one that tells of changes. */
  readonly freshen = async (): Promise<void> => {
    const main = this.#main
    if (main === null || this.#needs.now() - this.#readAt < staleMs) return
    const { tools } = main.introduction.capabilities
    if (isObject(tools) && tools.listChanged === true) return
    await this.refresh()
  }

  /** Reads the lists of the server again; the last good ones stay when that fails. `said` are those the server calls changed. */
  async refresh(said: readonly Offering[] = []): Promise<void> {
    const main = this.#main
    if (main === null) return
    try {
      this.#readAt = this.#needs.now()
      const lists = new Set([...said, ...(await this.#read(main))])
      if (lists.size > 0) this.#needs.onChange(this, [...lists])
    } catch (error) {
      const { namespace, name } = this
      this.#needs.log.warn({ namespace, server: name, ...fieldsOf(error) }, 'lists not read')
    }
  }

  /** Settles when nothing of it is left; calls under way get `graceMs` to finish where the transport allows it. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#again)
    this.#stopListening()
    for (const user of [...this.#links.keys()]) this.forget(user)
    await this.#main?.close()
    await this.#connector?.close(graceMs)
  }

  #open(connector: Connector, main: Link, user: LinkUser): Promise<Link> {
    const opening = connector.own(user.identity, {
      onMessage: message => user.hear(this, message),
      onClose: () => this.#links.delete(user),
    })
    const opened: Opened = { opening: opening ?? Promise.resolve(main), link: null }
    this.#links.set(user, opened)
    opened.opening.then(
      link => {
        opened.link = link
      },
      () => this.#links.delete(user),
    )
    return opened.opening
  }

  async #connect(): Promise<void> {
    try {
      this.#connector ??= await connector({
        namespace: this.namespace,
        server: this.#server,
        timeoutMs: connectMs,
        keys: this.#needs,
        onStderr: line => this.#log('debug', { line }, 'server wrote to standard error'),
        onLost: why => this.#lose(why),
      })
      const main = await this.#connector.main({
        onMessage: message => this.#hear(message),
        onClose: () => this.#away('the connection was closed'),
      })
      if (this.#stopped) {
        await main.close()
        return
      }
      this.#main = main
      this.#readAt = this.#needs.now()
      const lists = await this.#read(main)
      if (this.#main !== main) return
      this.#stopListening = listenForChanges(main, message => this.#hear(message))
      this.#retry.reset()
      this.#become('connected', '', lists)
    } catch (error) {
      void this.#main?.close()
      this.#away(error instanceof ProxyFailure ? error.message : 'an unexpected error')
      if (!(error instanceof ProxyFailure)) this.#log('error', { err: error }, 'server not opened')
    }
  }

  /** The server is there and lets nobody in: its links are worth nothing, and are not asked to end well. */
  #lose(why: string): void {
    const main = this.#main
    if (main === null) return
    for (const user of [...this.#links.keys()]) this.forget(user)
    this.#away(why)
    void main.close()
  }

  #away(why: string): void {
    clearTimeout(this.#again)
    this.#main = null
    this.#stopListening()
    if (this.#stopped) return
    this.#links.clear()
    this.#become('failed', why)
    this.#again = setTimeout(() => void this.#connect(), this.#retry.next())
  }

  async #read(main: Link): Promise<readonly Offering[]> {
    const old = this.#catalog
    this.#catalog = await readCatalog(main, connectMs)
    return changedIn(old, this.#catalog)
  }

  #become(state: State, error: string, lists: readonly Offering[] = []): void {
    if (this.#stopped) return
    this.#state = state
    this.#error = error
    const fields = { state, ...(error === '' ? {} : { error }) }
    this.#log(state === 'failed' ? 'warn' : 'info', fields, 'server changed state')
    this.#needs.onChange(this, lists)
  }

  #hear(message: Incoming): void {
    const changed = changedBy(message.method)
    if (changed.length > 0) {
      void this.refresh(changed)
    } else if (message.reply !== undefined) {
      message.reply('"error":{"code":-32601,"message":"Writ itself cannot be asked"}')
    } else {
      for (const user of this.#links.keys()) user.hear(this, message)
    }
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', fields: object, message: string): void {
    const { namespace, name } = this
    this.#needs.log[level]({ namespace, server: name, ...fields }, message)
  }
}

function fieldsOf(error: unknown): object {
  return error instanceof ProxyFailure ? { code: error.code, error: error.message } : { err: error }
}
