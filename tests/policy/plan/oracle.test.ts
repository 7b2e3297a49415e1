import t from 'tap'
import { builtinRefusal } from '../../../policy/decide/builtin.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { plan } from '../../../policy/plan/plan.ts'
import { type Action, strictness } from '../../../schemas/action.ts'
import type { Decision } from '../../../schemas/decision.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { everyCall, randomFrom, randomTables } from './random-tables.ts'

const runs = Number(process.env.WRIT_RANDOM_RUNS ?? 10_000)
const seed = Number(process.env.WRIT_RANDOM_SEED ?? 6)

const directory: Directory = {
  namespace: 'default',
  table: '',
  users: [],
  teams: [],
  workflows: [],
  channels: [],
  providers: [],
}

const facts = everyCall.map(factsOf)

interface Verdict {
  readonly action: Action
  readonly asked: readonly string[]
}

function verdicts(table: LoadedTable, call: Facts): readonly Verdict[] {
  const judged = [decide(table, call)]
  if (call.tool.server !== 'builtin') return judged.map(verdictOf)
  const own = builtinRefusal(table, call)
  return [...judged.map(verdictOf), own === null ? { action: 'allow', asked: [] } : verdictOf(own)]
}

function verdictOf(decision: Decision): Verdict {
  const { action } = decision
  if (action !== 'require_approval') return { action, asked: [] }
  return { action, asked: decision.workflows.length === 0 ? [''] : decision.workflows }
}

function isLooser(before: Verdict, after: Verdict): boolean {
  const less = strictness(before.action) - strictness(after.action)
  return less > 0 || (less === 0 && before.asked.some(name => !after.asked.includes(name)))
}

/** What asking every call of the world shows. */
function bruteForce(before: RuleTable, after: RuleTable) {
  const [old, now] = [load(JSON.stringify(before)), load(JSON.stringify(after))]
  let [widens, narrows] = [false, false]
  for (const call of facts) {
    const is = verdicts(now, call)
    for (const [i, was] of verdicts(old, call).entries()) {
      widens ||= isLooser(was, is[i] as Verdict)
      narrows ||= isLooser(is[i] as Verdict, was)
    }
  }
  return { widens, narrows }
}

t.test('what is said to be proved is true of every call of a small world', async t => {
  const { pair } = randomTables(randomFrom(seed))
  const count = { widening: 0, narrowing: 0, neutral: 0, provedNarrowing: 0, provedNeutral: 0 }
  for (let run = 0; run < runs; run++) {
    const [before, after] = pair()
    const { narrows: claim, changes } = plan(
      { table: before, directory },
      { table: after, directory },
    )
    const truth = bruteForce(before, after)
    const isTrue = claim === 'unproven' || (!truth.widens && (claim === 'proved' || !truth.narrows))
    if (!isTrue) {
      t.fail(`seed ${seed}, pair ${run}: ${claim}`, { before, after })
      return
    }
    const shown = changes.every(({ effect, example }) => {
      if (example === undefined) return true
      const { action: was } = example.before
      const { action: is } = example.after
      const more = strictness(is) - strictness(was)
      return effect === 'widening' ? more <= 0 : effect === 'narrowing' ? more >= 0 : true
    })
    if (!shown) {
      t.fail(`seed ${seed}, pair ${run}: an example`, { before, after })
      return
    }
    if (truth.widens) count.widening++
    else if (truth.narrows) {
      count.narrowing++
      if (claim === 'proved') count.provedNarrowing++
    } else {
      count.neutral++
      if (claim === 'neutral') count.provedNeutral++
    }
  }
  t.comment(JSON.stringify({ runs, ...count }))
  t.ok(count.widening > runs / 10, 'many of them widen')
  t.ok(count.provedNarrowing > count.narrowing * 0.7, 'most of what narrows is proved to')
  t.ok(count.provedNeutral > count.neutral * 0.7, 'most of what changes nothing is proved to')
})
