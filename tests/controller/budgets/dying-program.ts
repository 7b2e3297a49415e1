import type { KyselyPlugin } from 'kysely'
import { StoredBudgets } from '../../../controller/budgets/stored-budgets.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { openStore } from '../../../controller/store/open-store.ts'

/**
 * A process that does one thing with budgets and kills itself after so many statements. Says how many it took when it
 * got through.
 */
const [, , folder = '', databaseUrl = '', at = '', step = '', json = ''] = process.argv
const dieAfter = Number(at)

let statements = 0
const counting: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  async transformResult({ result }) {
    statements += 1
    if (statements === dieAfter) process.kill(process.pid, 'SIGKILL')
    return result
  },
}

const store = await openStore({ folder, ...(databaseUrl !== '' && { databaseUrl }) })
const db = store.db.withPlugin(counting)
const { now, request, renewal, run, lines } = JSON.parse(json)
const budgets = new StoredBudgets({ db, now: () => now, onIncident: () => undefined })
if (step === 'grant') await budgets.grant(request)
if (step === 'renew') await budgets.renew(renewal)
if (step === 'start') await budgets.started(run)
if (step === 'hand') await new Ledger(db, { settling: budgets }).append(lines)
if (step === 'write off') await budgets.writeOff()
await store.close()
process.stdout.write(`${statements}`)
