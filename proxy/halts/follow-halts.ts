import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backoff } from '../../lifecycle/backoff.ts'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { HaltList, HaltNotice } from '../../schemas/halt.ts'
import type { ControllerLink } from '../follow/controller-link.ts'
import { knownKey, pinKey } from '../follow/pinned-key.ts'
import { readEvents } from '../follow/read-events.ts'
import type { Caller } from '../mcp/needs.ts'
import type { ControllerKey } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'
import { covers, type Halts } from './halts.ts'
import { parseHalts } from './parse-halts.ts'

export interface FollowHaltsOptions {
  readonly controller: ControllerLink
  /** Where the pinned key and the last list are kept: the folder of the tables. */
  readonly folder: string
  /** As for the tables. */
  readonly controllerKey?: string
  /** The namespace that this proxy is of: null for all of them, undefined while it is not known; all when omitted. */
  readonly scope?: () => string | null | undefined
  /** Who has not heard from a controller for so many ms, or not yet, refuses everything; never when omitted. */
  readonly aloneMs?: number
  /** Milliseconds since any point, never set back. */
  readonly uptime: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** What is halted, kept current by the service. */
export interface FollowedHalts extends Halts, Service {
  /** Ids of the halts that stand here. */
  enforced(): readonly string[]
}

const path = '/api/v1/halts/stream'
const lookMs = 250

/**
 * Believes the list that is kept on disk, after the same checks as any other, and then follows the controller. A list
 * with a smaller number than the one in force changes nothing; while one that was kept cannot be believed, everything
 * is refused until the controller has said how things are.
 */
export async function followHalts(options: FollowHaltsOptions): Promise<FollowedHalts> {
  const { folder, controllerKey } = options
  const follower = new HaltFollower(options, await knownKey(folder, controllerKey))
  await follower.loadKept()
  return follower
}

class HaltFollower implements FollowedHalts {
  readonly name = 'halts'
  readonly #options: FollowHaltsOptions
  readonly #listeners = new Set<() => void>()
  readonly #file: string
  #key: ControllerKey | null
  #list: Pick<HaltList, 'sequence' | 'namespace' | 'halts'> = { sequence: -1, halts: [] }
  /** A halt of this proxy's own making: that it cannot know what is halted. */
  #own: HaltNotice | null = null
  /** When the newest list was written that was heard, by the controller's clock, and when it was heard by ours. */
  #newest = Number.NEGATIVE_INFINITY
  #heardAt = Number.NEGATIVE_INFINITY

  constructor(options: FollowHaltsOptions, key: ControllerKey | null) {
    this.#options = options
    this.#file = join(options.folder, 'halts.json')
    this.#key = key
    if (options.aloneMs !== undefined) this.#own = alone
  }

  on(caller: Caller, kind: CallKind): HaltNotice | null {
    if (this.#own !== null) return this.#own
    const { halts } = this.#list
    return halts.length === 0 ? null : (halts.find(halt => covers(halt, caller, kind)) ?? null)
  }

  enforced(): readonly string[] {
    return this.#list.halts.map(({ id }) => id)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async loadKept(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(absent)
    if (text === null) return
    try {
      if (this.#key === null) throw new TableFailure('unknown_key', 'there is no key to check it')
      const list = parseHalts(text, this.#key)
      this.#list = list
      this.#newest = Date.parse(list.publishedAt)
    } catch (error) {
      this.#own = unbelievable
      this.#options.log.warn({ err: error }, 'kept list of halts refused')
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const looking = setInterval(() => this.#lookWhetherAlone(), lookMs)
    const pause = backoff(100, 2000)
    while (!signal.aborted) {
      try {
        await this.#follow(() => pause.reset(), signal)
      } catch (error) {
        // That the controller is gone is told by those who follow the tables.
        if (error instanceof TableFailure) {
          this.#options.log.warn({ err: error }, 'list of halts refused')
        }
      }
      await wait(pause.next(), signal)
    }
    clearInterval(looking)
  }

  async #follow(onNews: () => void, signal: AbortSignal): Promise<void> {
    const { controller, folder, controllerKey } = this.#options
    this.#key ??=
      (await knownKey(folder, controllerKey)) ?? (await pinKey(folder, controller, signal))
    const headers = { accept: 'text/event-stream' }
    const answer = await controller.send(path, { headers, signal })
    for await (const { type, data } of readEvents(answer.body)) {
      if (type !== 'halts') continue
      const list = parseHalts(data, this.#key)
      onNews()
      if (this.#take(list)) await this.#keep(list)
    }
  }

  /** Whether it has to be kept. What was written before the last that was heard may be a repetition, and says nothing. */
  #take(list: HaltList): boolean {
    if (!this.#concerns(list)) {
      throw new TableFailure('halts_malformed', `this list is of ${list.namespace ?? 'all'}`)
    }
    const writtenAt = Date.parse(list.publishedAt)
    if (writtenAt > this.#newest) {
      this.#newest = writtenAt
      this.#heardAt = this.#options.uptime()
    }
    const before = this.#list
    const isNew = list.sequence > before.sequence
    if (list.sequence < before.sequence) {
      this.#options.log.warn({ sequence: list.sequence }, 'older list of halts ignored')
      return false
    }
    this.#list = list
    const own = this.#own
    this.#own = this.#isAlone() ? alone : null
    if (isNew || own !== this.#own) this.#tell()
    return isNew
  }

  /** A list of another namespace must not take the place of one's own. */
  #concerns({ namespace }: HaltList): boolean {
    if (namespace === undefined) return true
    const { scope = () => null } = this.#options
    const own = scope()
    if (own !== undefined) return namespace === own
    return this.#list.sequence < 0 || this.#list.namespace === namespace
  }

  #isAlone(): boolean {
    const { aloneMs = Number.POSITIVE_INFINITY, uptime } = this.#options
    return uptime() - this.#heardAt > aloneMs
  }

  #lookWhetherAlone(): void {
    if (this.#options.aloneMs === undefined || this.#own !== null || !this.#isAlone()) return
    this.#own = alone
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** A disk that is full must not keep anything from being halted. */
  async #keep(list: HaltList): Promise<void> {
    try {
      await replaceFile(this.#file, `${JSON.stringify(list)}\n`)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'list of halts not kept on disk')
    }
  }
}

const alone: HaltNotice = {
  id: 'alone',
  what: 'all',
  by: 'the proxy itself',
  since: '',
  reason: 'it has not heard from its controller for as long as it may go on alone',
}

const unbelievable: HaltNotice = {
  id: 'unknown',
  what: 'all',
  by: 'the proxy itself',
  since: '',
  reason: 'what it remembers of halts cannot be believed, and its controller has not said it anew',
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
