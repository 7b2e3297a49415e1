import type { KyselyPlugin } from 'kysely'
import { StoredApprovals } from '../../../controller/approvals/stored-approvals.ts'
import { Directories } from '../../../controller/publish/directories.ts'
import { openStore } from '../../../controller/store/open-store.ts'

/**
 * A process that moves one request and kills itself at a point of that: after so many statements, or, for 0, when
 * it is about to tell what it did. Says how many statements it took when it got through.
 */
const [, , folder = '', databaseUrl = '', at = '', step = '', json = ''] = process.argv
const dieAfter = Number(at)

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

let statements = 0
const counting: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  async transformResult({ result }) {
    statements += 1
    if (statements === dieAfter) die()
    return result
  },
}

const { db, close } = await openStore({ folder, ...(databaseUrl !== '' && { databaseUrl }) })
const directories = new Directories()
await directories.open(db)
const { now, id, question, claim, answer, actor } = JSON.parse(json)
const approvals = new StoredApprovals({
  db: db.withPlugin(counting),
  directories,
  now: () => now,
  onFailure: () => undefined,
})
approvals.subscribe(() => {
  if (dieAfter === 0) die()
})
if (step === 'ask') await approvals.ask(question)
if (step === 'decide') await approvals.decide(id, answer, actor)
if (step === 'claim') await approvals.claim(id, claim)
if (step === 'sweep') await approvals.sweep()
await close()
process.stdout.write(`${statements}`)
