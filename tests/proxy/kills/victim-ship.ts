import { linkController } from '../../../proxy/follow/controller-link.ts'
import { type Shipping, shipJournal } from '../../../proxy/follow/ship-journal.ts'
import type { Journal } from '../../../proxy/journal/journal.ts'
import { Seals } from '../../../proxy/journal/seals.ts'

/** What hands in the entries of a journal, so many bytes at a time, and changes its key only when it is asked to. */
export function victimShip(journal: Journal, url: string, batchBytes: number): Promise<Shipping> {
  const controller = linkController(url, 'token')
  const seals = new Seals({ journal, now: Date.now, keyDays: 0 })
  const log = { warn: () => undefined }
  return shipJournal({ journal, controller, seals, log, batchBytes })
}
