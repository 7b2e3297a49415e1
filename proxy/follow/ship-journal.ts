import { unlink } from 'node:fs/promises'
import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { ChainEnd } from '../../records/line.ts'
import { readIdentity, writeIdentity } from '../journal/identity.ts'
import type { Journal } from '../journal/journal.ts'
import { type Position, readOn } from '../journal/read-on.ts'
import type { Seals } from '../journal/seals.ts'
import { segments } from '../journal/segment.ts'
import type { ControllerLink } from './controller-link.ts'

export interface ShipNeeds {
  readonly journal: Journal
  readonly controller: ControllerLink
  readonly seals: Seals
  readonly log: { warn(fields: object, message: string): void }
  /** Entries from this number on are not deleted, sent or not. */
  readonly keepFrom?: () => number
  /** About how many bytes are sent, and held in memory, at once. */
  readonly batchBytes?: number
}

/** The service that hands the journal to the controller. */
export interface Shipping extends Service {
  /** Number of the newest entry that the controller has. */
  shipped(): number
}

/**
 * Sends entries in order, sealed, again and again until the controller has them, and only what a power failure
 * cannot take back: a number once sent is never used for another entry. Segments that were sent whole
 * are deleted; the newest stays.
 */
export async function shipJournal(needs: ShipNeeds): Promise<Shipping> {
  const { shipped } = await readIdentity(needs.journal.folder)
  await needs.seals.open(shipped)
  return new JournalShipping(needs, shipped)
}

interface FullBatch {
  readonly lines: readonly string[]
  readonly end: ChainEnd
  readonly position: Position
}

class JournalShipping implements Shipping {
  readonly name = 'journal shipping'
  readonly #needs: ShipNeeds
  readonly #backoff = backoff(100, 30_000)
  #shipped: number
  /** The controller can have no entry behind this one, answered or not, also by a process that was killed. */
  #sent: number
  #position: Position

  constructor(needs: ShipNeeds, shipped: number) {
    this.#needs = needs
    this.#shipped = shipped
    this.#sent = needs.journal.state().seq
    const holding = segments(needs.journal.folder).findLast(({ first }) => first <= shipped + 1)
    this.#position = { first: holding?.first ?? 0, offset: 0 }
  }

  shipped(): number {
    return this.#shipped
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const batch = await this.#next()
        if (batch === null) await this.#untilFlushed(signal)
        else await this.#ship(batch, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#needs.log.warn({ err: error, after: this.#shipped }, 'journal not shipped')
        await wait(this.#backoff.next(), signal)
      }
    }
  }

  async #next(): Promise<FullBatch | null> {
    const { journal, batchBytes = 128 * 1024 } = this.#needs
    const { flushed } = journal.state()
    if (flushed <= this.#shipped) return null
    const from = { position: this.#position, after: this.#shipped }
    const { lines, end, position } = await readOn(journal.folder, from, flushed, batchBytes)
    if (end !== null) return { lines, end, position }
    this.#position = position
    return null
  }

  async #ship({ lines, end, position }: FullBatch, signal: AbortSignal): Promise<void> {
    const { journal, controller, seals } = this.#needs
    this.#sent = Math.max(this.#sent, end.seq)
    const answer = await controller.send('/api/v1/records', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: await seals.around(lines, end, this.#shipped),
      signal,
    })
    await answer.body.dump()
    this.#position = position
    this.#shipped = end.seq
    this.#backoff.reset()
    const { proxy, start: starts } = journal
    const { seq: shipped, link } = end
    await writeIdentity(journal.folder, { proxy, shipped, link, starts })
    if (shipped >= this.#sent) await seals.renew(shipped)
    await this.#deleteShipped()
  }

  async #deleteShipped(): Promise<void> {
    const { journal, keepFrom = () => Number.POSITIVE_INFINITY } = this.#needs
    const all = segments(journal.folder)
    const kept = Math.min(this.#shipped + 1, keepFrom())
    for (const [i, { path }] of all.entries()) {
      const next = all[i + 1]
      if (next !== undefined && next.first <= kept) await unlink(path)
    }
  }

  /** Waits for a flush, or for a while: what was passed over may have been the last. */
  async #untilFlushed(signal: AbortSignal): Promise<void> {
    const { journal } = this.#needs
    if (journal.state().flushed > this.#shipped) return wait(50, signal)
    const woken = new AbortController()
    const stop = journal.onFlushed(() => woken.abort())
    await wait(60_000, AbortSignal.any([signal, woken.signal]))
    stop()
  }
}
