import fc from 'fast-check'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { explain } from '../../../policy/decide/explain.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { justificationFor } from '../../../policy/decide/justification.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { asksAtAll, mayAsk } from '../../../policy/decide/may-ask.ts'
import { visible } from '../../../policy/decide/visible.ts'
import { strictness } from '../../../schemas/action.ts'
import type { Call } from '../../../schemas/call.ts'
import { naiveDecision } from './naive-decision.ts'
import { calls, policies, type RandomPolicy, written } from './random-policies.ts'

const runs = { numRuns: 400, seed: 7 }

function tableOf(list: readonly RandomPolicy[]): LoadedTable {
  const { tables, problems } = compile([{ path: 'p.yaml', text: written(list) }])
  const json = tables?.get('default')?.json
  if (json === undefined) throw new Error(JSON.stringify(problems))
  return load(json)
}

t.test('decisions are what the language says', async t => {
  fc.assert(
    fc.property(policies, fc.array(calls, { minLength: 1, maxLength: 8 }), (list, some) => {
      const table = tableOf(list)
      for (const call of some) {
        const { message: _, at: __, table: ___, ...decision } = decide(table, factsOf(call))
        const naive = naiveDecision(list, call)
        if (!t.strictSame(decision, naive)) return false
      }
      return true
    }),
    runs,
  )
})

t.test('what is explained is what was decided', async t => {
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      const table = tableOf(list)
      const { decision, trace } = explain(table, factsOf(call))
      t.strictSame(decision, decide(table, factsOf(call)))
      const traced = trace.find(({ policy }) => policy === decision.policy)
      return traced === undefined
        ? decision.reason === 'no_policy'
        : traced.verdict === 'abstain'
          ? decision.reason === 'unmatched'
          : traced.verdict !== 'unknown' &&
            strictness(traced.verdict) === strictness(decision.action)
    }),
    runs,
  )
})

t.test('what is let through is shown', async () => {
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      const table = tableOf(list)
      const listed: Call = { ...call, args: {}, request: {} }
      return decide(table, factsOf(call)).action === 'deny' || visible(table, factsOf(listed))
    }),
    runs,
  )
})

t.test('who is asked about could be asked about', async t => {
  let asked = 0
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      const table = tableOf(list)
      if (decide(table, factsOf(call)).action !== 'require_approval') return true
      asked++
      const listed = factsOf({ ...call, args: {}, request: {} })
      return mayAsk(table, listed) && asksAtAll(table, listed)
    }),
    runs,
  )
  t.ok(asked > 20)
  const quiet = tableOf([])
  t.notOk(asksAtAll(quiet, factsOf({ tool: 'x' })))
  t.notOk(mayAsk(quiet, factsOf({ tool: 'x' })))
})

t.test('a call without a reason is only let through where none is required', async () => {
  fc.assert(
    fc.property(policies, calls, (list, call) => {
      const table = tableOf(list)
      const facts = factsOf({ ...call, request: {} })
      const required = justificationFor(table, facts) === 'required'
      return !required || decide(table, facts).action === 'deny'
    }),
    runs,
  )
})

t.test('another policy never widens what policies have said', async () => {
  fc.assert(
    fc.property(policies, policies, calls, (list, more, call) => {
      const before = decide(tableOf(list), factsOf(call))
      const added = more.map(policy => ({ ...policy, name: `more-${policy.name}` }))
      const after = decide(tableOf([...list, ...added]), factsOf(call))
      // Where policies were silent, and a default decided or none was there, another may speak.
      const silent = before.reason === 'unmatched' || before.reason === 'no_policy'
      return silent || strictness(after.action) >= strictness(before.action)
    }),
    runs,
  )
})

t.test('a policy of the system namespace never widens anything', async () => {
  fc.assert(
    fc.property(policies, policies, calls, (list, more, call) => {
      const before = decide(tableOf(list), factsOf(call))
      const added = more.map(policy => ({
        ...policy,
        name: `more-${policy.name}`,
        namespace: 'writ-system' as const,
      }))
      const after = decide(tableOf([...list, ...added]), factsOf(call))
      return strictness(after.action) >= strictness(before.action)
    }),
    runs,
  )
})

t.test('the order of files and documents changes neither bytes nor decisions', async t => {
  fc.assert(
    fc.property(
      policies.chain(list =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray([...list], { minLength: list.length })),
      ),
      calls,
      ([list, shuffled], call) => {
        const files = (some: readonly RandomPolicy[]) =>
          some.map(policy => ({
            path: `${policy.name}.yaml`,
            text: written([policy]).split('\n---\n').at(-1) ?? '',
          }))
        const workflows = { path: 'workflows.yaml', text: written([]) }
        const one = compile([workflows, ...files(list)]).tables?.get('default')
        const other = compile([...files(shuffled), workflows]).tables?.get('default')
        t.equal(one?.json, other?.json)
        const apart = decide(load(one?.json ?? ''), factsOf(call))
        const together = decide(tableOf(shuffled), factsOf(call))
        return apart.action === together.action && apart.policy === together.policy
      },
    ),
    runs,
  )
})

t.test('whatever the facts hold, there is a decision', async () => {
  const json = fc.jsonValue() as fc.Arbitrary<never>
  const text = fc.string({ unit: 'binary', maxLength: 400 })
  fc.assert(
    fc.property(
      policies,
      fc.constantFrom('tool', 'model', 'resource', 'prompt') as fc.Arbitrary<Facts['kind']>,
      fc.dictionary(fc.constantFrom('n', 's', '__proto__', 'constructor'), json),
      text,
      text,
      (list, kind, args, name, agent) => {
        const table = tableOf(list)
        const given = factsOf({
          kind,
          tool: name,
          model: name,
          uri: name,
          prompt: name,
          args,
          subject: { agent },
        })
        explain(table, given)
        visible(table, given)
        return ['allow', 'deny', 'require_approval'].includes(decide(table, given).action)
      },
    ),
    runs,
  )
})
