import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { ProxyIdentity } from '../../schemas/proxy-identity.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { type ControllerKey, verifySigned } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'
import { type KeptTables, openKeptTables } from '../table/kept-tables.ts'
import { parseRelease } from '../table/parse-release.ts'
import { loadStages, type Stages, stagesFrom } from '../table/stages.ts'
import { type Tables, TablesInForce } from '../table/tables.ts'
import type { ControllerLink } from './controller-link.ts'
import { keepIdentity, keptIdentity, parseIdentity } from './identity.ts'
import { knownKey, pinKey } from './pinned-key.ts'
import { readEvents } from './read-events.ts'

export interface FollowOptions {
  readonly controller: ControllerLink
  /** Where the last good tables and the pinned key are kept. */
  readonly folder: string
  /** The controller's public key, PEM or base64 SPKI; the first one seen is pinned when omitted. */
  readonly controllerKey?: string
  /** The namespace that the controller can be expected to name; whatever it names when omitted. */
  readonly expected?: string
  readonly log: Log
  /** Milliseconds since 1970; the clock of the machine when omitted. */
  readonly now?: () => number
}

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

type Rejected = NonNullable<ProxyReport['rejected']>[number]

/** The tables in force, kept current by the service. */
export interface FollowedTables extends Service, Tables {
  /** Namespace to digest of the table in force. */
  enforced(): Readonly<Record<string, string>>
  /** Every release in force. */
  releases(): readonly TableRelease[]
  /** Releases that were not accepted since the last one that was. */
  rejected(): readonly Rejected[]
  /** Who this proxy is, as the controller said last; null while it has said nothing. */
  identity(): ProxyIdentity | null
}

/**
 * Puts the tables kept on disk in force, after the same checks as any other, and then follows the
 * controller: as a service it never gives up, and without a controller the last good tables stand.
 */
export async function followTables(options: FollowOptions): Promise<FollowedTables> {
  const kept = await openKeptTables(options.folder)
  const key = await knownKey(options.folder, options.controllerKey)
  const identity = await keptIdentity(options.folder)
  const follower = new TableFollower(options, { kept, key, identity })
  await follower.loadKept()
  return follower
}

/** How often the clock is looked at, ms: a timer would be late after the machine slept, or the clock was set. */
const stepMs = 500

/** A refused release may be fine when asked for again: it may have been damaged on the way. */
const askAgainMs = 30_000

class TableFollower extends TablesInForce implements FollowedTables {
  readonly name = 'table subscription'
  readonly #options: FollowOptions
  readonly #kept: KeptTables
  readonly #backoff = backoff(100, 10_000)
  readonly #rejected = new Map<string, Rejected>()
  /** Of releases that name more than one table. */
  readonly #stages = new Map<string, Stages>()
  #key: ControllerKey | null
  #identity: ProxyIdentity | null
  #lastId = ''

  constructor(options: FollowOptions, { kept, key, identity }: Kept) {
    super()
    this.#options = options
    this.#kept = kept
    this.#key = key
    const { expected = identity?.namespace } = options
    this.#identity = identity?.namespace === expected ? identity : null
  }

  enforced(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.releases().map(({ namespace, digest }) => [
        namespace,
        this.current(namespace)?.digest ?? digest,
      ]),
    )
  }

  rejected(): readonly Rejected[] {
    return [...this.#rejected.values()]
  }

  identity(): ProxyIdentity | null {
    return this.#identity
  }

  async loadKept(): Promise<void> {
    for (const text of await this.#kept.releases()) {
      try {
        if (this.#key === null)
          throw new TableFailure('unknown_key', 'no key of a controller is pinned')
        const release = parseRelease(text)
        verifySigned(release, this.#key)
        this.#expectOwn(release)
        const stages = await loadStages(release, async digest => {
          const bytes = await this.#kept.table(digest)
          if (bytes === null) throw new TableFailure('digest_mismatch', 'the table is not there')
          return bytes
        })
        this.#stage(stages)
      } catch (error) {
        this.#options.log.warn({ err: error }, 'kept table refused')
      }
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => this.#step(), stepMs)
    await this.#keepFollowing(signal)
    clearInterval(timer)
  }

  /** Puts in force what a release names for a time that has come, whether the controller can be reached or not. */
  #step(): void {
    const { log } = this.#options
    for (const [namespace, stages] of this.#stages) {
      if (!this.#stage(stages)) continue
      const { digest } = this.current(namespace) ?? {}
      log.info({ namespace, digest }, 'table in force in its time')
    }
  }

  /** Puts in force whose time it is, and returns whether that is another table than before. */
  #stage(stages: Stages): boolean {
    const { now = Date.now } = this.#options
    const [due, ...later] = stagesFrom(stages, now())
    const { namespace } = due.inForce.release
    if (later.length === 0) this.#stages.delete(namespace)
    else this.#stages.set(namespace, [due, ...later])
    const isSame = due === stages[0] && this.release(namespace) === due.inForce.release
    if (!isSame) this.swap(due.inForce)
    return !isSame
  }

  async #keepFollowing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const connection = new AbortController()
      try {
        await this.#follow(AbortSignal.any([signal, connection.signal]), connection)
      } catch (error) {
        if (signal.aborted) return
        if (!connection.signal.aborted)
          this.#options.log.warn({ err: error }, 'controller not followed')
      }
      await wait(this.#backoff.next(), signal)
    }
  }

  /** One connection, until it ends. After a refusal it is ended in a while, to be told everything again. */
  async #follow(signal: AbortSignal, connection: AbortController): Promise<void> {
    const { controller, folder } = this.#options
    this.#key ??= await pinKey(folder, controller, signal)
    const answer = await controller.send('/api/v1/tables/stream', {
      headers: { accept: 'text/event-stream', ...this.#resume() },
      signal,
    })
    let timer: NodeJS.Timeout | undefined
    try {
      for await (const { type, data, id } of readEvents(answer.body)) {
        this.#backoff.reset()
        if (type === 'identity') await this.#learn(parseIdentity(data), connection)
        if (type !== 'release') continue
        await this.#consider(parseRelease(data), this.#key, signal)
        this.#lastId = id
        if (this.#rejected.size > 0) timer ??= setTimeout(() => connection.abort(), askAgainMs)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** What is of another namespace than this proxy is now in force no longer, in memory or on disk. */
  async #learn(identity: ProxyIdentity, connection: AbortController): Promise<void> {
    const { folder, log } = this.#options
    const before = this.#identity
    if (JSON.stringify(before) === JSON.stringify(identity)) return
    this.#identity = identity
    const { namespace } = identity
    if (namespace !== null) {
      log.info({ ...identity }, 'who this proxy is')
      await this.#leaveOthers(namespace)
    }
    await keepIdentity(folder, identity)
    if (this.#lastId === '' || before?.namespace === namespace) return
    // The controller was asked for what is newer than something of another namespace.
    this.#lastId = ''
    connection.abort()
  }

  async #leaveOthers(namespace: string): Promise<void> {
    const others = [...Object.keys(this.enforced()), ...this.#rejected.keys()]
    for (const other of others.filter(name => name !== namespace)) {
      this.drop(other)
      this.#stages.delete(other)
      this.#rejected.delete(other)
    }
    await this.#kept.keepOnly(namespace)
  }

  /** By what the controller says, and until it says something by what can be expected. */
  #expectOwn({ namespace }: TableRelease): void {
    const own = this.#identity === null ? this.#options.expected : this.#identity.namespace
    if (own == null || own === namespace) return
    throw new TableFailure('foreign_namespace', `this proxy is one of the namespace ${own}`)
  }

  #resume(): { readonly [header: string]: string } {
    return this.#rejected.size > 0 || this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }
  }

  async #consider(release: TableRelease, key: ControllerKey, signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    const { namespace, digest, sequence } = release
    try {
      verifySigned(release, key)
      this.#expectOwn(release)
      if (!isNews(release, this.release(namespace))) return
      const tables = new Map<string, Buffer>()
      const stages = await loadStages(release, async digest => {
        const bytes = (await this.#kept.table(digest)) ?? (await this.#fetch(digest, signal))
        tables.set(digest, bytes)
        return bytes
      })
      this.#stage(stages)
      this.#rejected.delete(namespace)
      log.info({ namespace, digest, sequence }, 'table in force')
      await this.#keep(release, tables)
    } catch (error) {
      if (!(error instanceof TableFailure)) throw error
      this.#rejected.set(namespace, { namespace, digest, error: `${error.code}: ${error.message}` })
      log.warn({ err: error, namespace, digest, sequence }, 'release refused')
    }
  }

  async #fetch(digest: string, signal: AbortSignal): Promise<Buffer> {
    const answer = await this.#options.controller.send(`/api/v1/tables/${digest}`, { signal })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostTableBytes) throw new TableFailure('table_malformed', 'the table is too large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /** A disk that is full must not keep a stricter table from being enforced. */
  async #keep(release: TableRelease, tables: ReadonlyMap<string, Buffer>): Promise<void> {
    try {
      await this.#kept.keep(release, tables, this.releases())
    } catch (error) {
      this.#options.log.warn({ err: error, namespace: release.namespace }, 'table not kept on disk')
    }
  }
}

/** What is known from an earlier start. */
interface Kept {
  readonly kept: KeptTables
  readonly key: ControllerKey | null
  readonly identity: ProxyIdentity | null
}

const mostTableBytes = 128 * 1024 * 1024

function isNews(release: TableRelease, inForce: TableRelease | null): boolean {
  if (inForce === null || release.sequence > inForce.sequence) return true
  if (release.sequence === inForce.sequence && release.digest === inForce.digest) return false
  throw new TableFailure(
    'rollback',
    `release ${release.sequence} does not come after ${inForce.sequence}, which is in force`,
  )
}
