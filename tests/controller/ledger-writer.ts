import { Ledger } from '../../controller/ledger/ledger.ts'
import { openStore } from '../../controller/store/open-store.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'

/** A process that adds entries to the embedded ledger in the folder and says on stdout how many are kept. */
const [, , folder = ''] = process.argv
const { db } = await openStore({ folder })
const ledger = new Ledger(db)
const [count] = await ledger.counts()
for (let seq = count?.lastSeq ?? 0; ; seq += 10) {
  const batch = Array.from({ length: 10 }, (_, i) =>
    line('proxy-a', seq + i + 1, entry()).trimEnd(),
  )
  await ledger.append(batch)
  process.stdout.write(`${seq + 10}\n`)
}
