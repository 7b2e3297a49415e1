import t from 'tap'
import { isAsRecorded, judgedThen } from '../../../controller/explain/judged-again.ts'
import { RandomWorld } from './random-records.ts'

const tables = Number(process.env.EXPLAINED_TABLES ?? 20)
const calls = Number(process.env.EXPLAINED_CALLS ?? 20_000)

t.test('a recorded call is explained as it was decided', async t => {
  const agreements = new Map<string, number>()
  for (let seed = 1; seed <= tables; seed++) {
    const world = new RandomWorld(seed)
    for (let i = 0; i < calls / tables; i++) {
      const { recorded, session, decision } = world.next()
      const again = judgedThen(world.side, world.side.agents, recorded, session)
      const masked = JSON.stringify(recorded.entry).includes('[redacted]')
      const sound = masked ? again.agreement !== 'different' : again.agreement === 'equal'
      if (!sound || !isAsRecorded(recorded.entry, decision)) {
        t.fail(`table ${seed}, call ${i}`, { again, recorded, decision })
        return
      }
      agreements.set(again.agreement, (agreements.get(again.agreement) ?? 0) + 1)
    }
  }
  const of = (name: string) => agreements.get(name) ?? 0
  t.equal(of('equal') + of('same_action') + of('not_known'), calls)
  t.ok(of('equal') > 0.9 * calls, `${of('equal')} equal`)
  t.ok(of('same_action') > 0, `${of('same_action')} the same whatever is not shown`)
  t.ok(of('not_known') > 0, `${of('not_known')} hang on what is not shown`)
})
