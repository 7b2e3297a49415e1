import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backoff } from '../../lifecycle/backoff.ts'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { RevocationList } from '../../schemas/runtime-token.ts'
import type { ControllerLink } from '../follow/controller-link.ts'
import { knownKey, pinKey } from '../follow/pinned-key.ts'
import { readEvents } from '../follow/read-events.ts'
import type { ControllerKey } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'
import { parseRevocations } from './parse-revocations.ts'

export interface FollowRevocationsOptions {
  readonly controller: ControllerLink
  /** Where the pinned key and the last list are kept: the folder of the tables. */
  readonly folder: string
  /** As for the tables. */
  readonly controllerKey?: string
  /** The namespace whose tokens matter here: null for all of them, undefined while it is not known; all when omitted. */
  readonly scope?: () => string | null | undefined
  readonly log: { warn(fields: object, message: string): void }
}

/** Which tokens are revoked, kept current by the service. */
export interface FollowedRevocations extends Service {
  /** The key that the controller signs with; null while none is known. */
  key(): ControllerKey | null
  /** Ids of revoked tokens; null while no list was heard. */
  revoked(): ReadonlySet<string> | null
  /** Calls the listener after every new list; returns how to stop. */
  subscribe(listener: () => void): () => void
}

const path = '/api/v1/runtime-tokens/revocations'
const mostBytes = 4 * 1024 * 1024

/**
 * Believes the list that is kept on disk, after the same checks as any other, and then follows the controller. A list
 * with a smaller number than the one in force changes nothing.
 */
export async function followRevocations(
  options: FollowRevocationsOptions,
): Promise<FollowedRevocations> {
  const { folder, controllerKey } = options
  const follower = new RevocationFollower(options, await knownKey(folder, controllerKey))
  await follower.loadKept()
  return follower
}

class RevocationFollower implements FollowedRevocations {
  readonly name = 'revoked tokens'
  readonly #options: FollowRevocationsOptions
  readonly #listeners = new Set<() => void>()
  readonly #file: string
  #key: ControllerKey | null
  #sequence = -1
  #revoked: ReadonlySet<string> | null = null
  /** The namespace that the list is of; undefined for all of them. */
  #listed: string | undefined

  constructor(options: FollowRevocationsOptions, key: ControllerKey | null) {
    this.#options = options
    this.#file = join(options.folder, 'revocations.json')
    this.#key = key
  }

  key(): ControllerKey | null {
    return this.#key
  }

  /** A list of another namespace says nothing about the tokens of this one. */
  revoked(): ReadonlySet<string> | null {
    const { scope = () => null } = this.#options
    return this.#listed === undefined || this.#listed === scope() ? this.#revoked : null
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async loadKept(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => null)
    if (text === null || this.#key === null) return
    try {
      this.#take(parseRevocations(text, this.#key))
    } catch (error) {
      this.#options.log.warn({ err: error }, 'kept list of revoked tokens refused')
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const pause = backoff(100, 10_000)
    while (!signal.aborted) {
      try {
        await this.#follow(() => pause.reset(), signal)
      } catch (error) {
        // That the controller is gone is told by those who follow the tables.
        if (error instanceof TableFailure) {
          this.#options.log.warn({ err: error }, 'list of revoked tokens refused')
        }
      }
      await wait(pause.next(), signal)
    }
  }

  async #follow(onNews: () => void, signal: AbortSignal): Promise<void> {
    const { controller, folder, controllerKey } = this.#options
    this.#key ??=
      (await knownKey(folder, controllerKey)) ?? (await pinKey(folder, controller, signal))
    const headers = { accept: 'text/event-stream' }
    const answer = await controller.send(`${path}/stream`, { headers, signal })
    for await (const { type } of readEvents(answer.body)) {
      if (type !== 'revocations') continue
      const list = parseRevocations(await this.#fetch(signal), this.#key)
      onNews()
      if (!this.#take(list)) continue
      for (const listener of this.#listeners) listener()
      await this.#keep(list)
    }
  }

  /** Whether it is news. */
  #take({ sequence, revoked, namespace }: RevocationList): boolean {
    if (sequence < this.#sequence) return false
    this.#listed = namespace
    this.#sequence = sequence
    this.#revoked = new Set(revoked)
    return true
  }

  async #fetch(signal: AbortSignal): Promise<string> {
    const answer = await this.#options.controller.send(path, { signal })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostBytes) {
        throw new TableFailure('revocations_malformed', 'the list of revoked tokens is too large')
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  /** A disk that is full must not keep a token from being revoked. */
  async #keep(list: RevocationList): Promise<void> {
    try {
      await replaceFile(this.#file, `${JSON.stringify(list)}\n`)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'list of revoked tokens not kept on disk')
    }
  }
}
