import { JournalFailure } from '../../proxy/journal/failure.ts'
import { openJournal } from '../../proxy/journal/journal.ts'
import { entryText } from './journal-entry.ts'

/**
 * A process that writes to a journal as fast as it can and says on stdout which number is kept, or the
 * code of the failure. Arguments: folder, durability, how many entries at most.
 */
const [, , folder = '', durability = 'batched', most = 'Infinity'] = process.argv
const journal = await openJournal({
  folder,
  durability: durability === 'strict' ? 'strict' : 'batched',
  segmentBytes: 64 * 1024,
})
process.stdout.write(`open ${journal.proxy}\n`)

for (let i = 0; i < Number(most); i += 1) {
  try {
    await journal.write([entryText({ call: `call-${i}`, phase: 'attempt' })])
    const { seq } = journal.state()
    process.stdout.write(`kept ${seq}\n`)
  } catch (error) {
    process.stdout.write(`failed ${error instanceof JournalFailure ? error.code : error}\n`)
    break
  }
  if (i % 50 === 0) await new Promise(resolve => setImmediate(resolve))
}
if (most !== 'Infinity') await journal.close()
