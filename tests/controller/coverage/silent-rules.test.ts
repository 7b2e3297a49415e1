import fc from 'fast-check'
import t from 'tap'
import { rulesIn } from '../../../controller/coverage/rules-in-force.ts'
import { evidenceFor, silenceOf } from '../../../controller/coverage/silent-rules.ts'
import type { Counted } from '../../../controller/coverage/use.ts'
import { writtenEntries } from '../../../controller/coverage/written-entries.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { explain } from '../../../policy/decide/explain.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'
import type { Call } from '../../../schemas/call.ts'
import type { SilentWhy } from '../../../schemas/coverage.ts'
import type { Decision } from '../../../schemas/decision.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { calls, policies, type RandomPolicy, written } from '../../policy/decide/random-policies.ts'

function tableOf(list: readonly RandomPolicy[]): string {
  const { tables } = compile([{ path: 'p.yaml', text: written(list) }])
  const json = tables?.get('default')?.json
  if (json === undefined) throw new Error('it does not compile')
  return json
}

/** What is counted of one call. */
function countedOf(call: Call, decision: Decision): Pick<Counted, 'uses' | 'firings'> {
  const { kind = 'tool', server = '', subject = {} } = call
  const name = call.tool ?? call.model ?? call.uri ?? call.prompt ?? ''
  const { action, reason, policy = '', rule = '' } = decision
  const decided = { policy, rule, action, reason, calls: 1, lastAt: 0 }
  const agents = subject.agent === undefined ? [] : [subject.agent]
  return {
    uses: [
      {
        ...{ kind, server, name, calls: 1, lastAt: 0, agents },
        moreAgents: false,
        decisions: [decided],
      },
    ],
    firings: [
      { kind, policy, rule, reason, calls: 1, lastAt: 0, observed: false },
      ...decision.observed.map(({ policy, rule = '', reason }) => ({
        ...{ kind, policy, rule, reason, calls: 1, lastAt: 0, observed: true },
      })),
    ],
  }
}

/** What of the rules of a call is known by looking at its arguments. */
function truth(list: readonly RandomPolicy[], call: Call) {
  const json = tableOf(list)
  const loaded = load(json)
  const facts = factsOf(call)
  const { trace } = explain(loaded, facts)
  const entries = writtenEntries(JSON.parse(json) as RuleTable)
  const rules = rulesIn(entries)
  const evidence = evidenceFor(entries, rules, countedOf(call, decide(loaded, facts)))
  return rules.map(rule => {
    const { policy, entry } = rule.written
    const traced = trace.find(({ policy: name }) => name === policy.name)
    const at = traced?.entry?.at
    const speaks = at?.line === entry.at[1] && at.column === entry.at[2]
    const outcome = speaks ? (traced?.rules[rule.index]?.outcome ?? 'none') : 'none'
    const why: SilentWhy | 'fired' = silenceOf(evidence, rule, 0)?.why ?? 'fired'
    return { why, traced, speaks, outcome, rule }
  })
}

/** Records do not tell rules of one name in one entry apart, nor those of one name in a policy in observe mode. */
function isNamedOnce({ rule: { written, rule } }: ReturnType<typeof truth>[number]): boolean {
  const { policy, entry } = written
  const entries = policy.mode === 'observe' ? policy.tools : [entry]
  return entries.flatMap(({ rules }) => rules).filter(({ name }) => name === rule.name).length === 1
}

/** What each word must not be said of. */
const contradicted: Readonly<
  Record<SilentWhy | 'fired', (of: ReturnType<typeof truth>[number]) => boolean>
> = {
  fired: ({ outcome }) => outcome !== 'matched',
  never_called: ({ speaks }) => speaks,
  earlier_entry: ({ speaks }) => speaks,
  other_callers: ({ outcome }) => outcome === 'matched',
  disabled: ({ rule }) => rule.written.entry.enabled,
  earlier_rule: ({ outcome }) => outcome === 'matched',
  condition_false: ({ outcome }) => outcome === 'matched',
  condition_error: ({ outcome }) => outcome !== 'error',
  outweighed: ({ speaks }) => !speaks,
}

t.test('what is said of a rule is never contradicted by the arguments of the calls', async t => {
  const said = new Map<string, number>()
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      for (const found of truth(list, call).filter(isNamedOnce)) {
        said.set(found.why, (said.get(found.why) ?? 0) + 1)
        if (contradicted[found.why](found)) {
          throw new Error(`${found.why}: ${JSON.stringify(found)}`)
        }
      }
    }),
    { numRuns: 600, seed: 11 },
  )
  const words = ['fired', 'never_called', 'condition_false', 'outweighed', 'earlier_rule']
  for (const word of words) t.ok((said.get(word) ?? 0) > 10, `${word}: ${said.get(word)}`)
})
