import { linkController } from '../../../proxy/follow/controller-link.ts'
import { shipJournal } from '../../../proxy/follow/ship-journal.ts'
import type { Journal } from '../../../proxy/journal/journal.ts'
import { Seals } from '../../../proxy/journal/seals.ts'

/** Hands in what is in the journal, so many bytes at a time, until the signal. */
export async function victimShip(
  journal: Journal,
  url: string,
  batchBytes: number,
  signal = new AbortController().signal,
  shippedAll: (shipped: number) => void = () => undefined,
): Promise<void> {
  const controller = linkController(url, 'token')
  const seals = new Seals({ journal, now: Date.now, keyDays: 0 })
  const log = { warn: () => undefined }
  const shipping = await shipJournal({ journal, controller, seals, log, batchBytes })
  const watch = setInterval(() => shippedAll(shipping.shipped()), 5)
  await shipping.run(signal)
  clearInterval(watch)
  await controller.close()
}
