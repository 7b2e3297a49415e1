import type { Action } from '../../schemas/action.ts'
import { callKinds } from '../../schemas/call-kind.ts'
import type { RuleTable, TablePolicy } from '../../schemas/rule-table.ts'
import { actionChange, type Change, type Effect, said } from './change.ts'
import { compared, written } from './compared.ts'
import { actionsOf, entryChanges } from './entry-difference.ts'
import { listOf } from './table-shape.ts'

export type { Change } from './change.ts'

/** What changes from one table to the next, per policy, tool and subject; what widens comes first. */
export function difference(before: RuleTable, after: RuleTable): readonly Change[] {
  const changes = [
    ...compared(before.policies, after.policies, policyAdded, policyRemoved, policyChanges),
    ...compared(before.servers, after.servers, added('server'), removed('server'), server =>
      changed('server', server.name),
    ),
    ...compared(before.agents, after.agents, added('agent'), removed('agent'), agent =>
      changed('agent', agent.name),
    ),
    ...compared(before.workflows, after.workflows, added('workflow'), removed('workflow'), flow =>
      changed('workflow', flow.name),
    ),
  ]
  const effects: readonly Effect[] = ['widening', 'narrowing', 'neutral']
  return changes.sort((a, b) => effects.indexOf(a.effect) - effects.indexOf(b.effect))
}

const added =
  (noun: string) =>
  (item: { readonly name: string }): Change => ({
    effect: noun === 'workflow' ? 'neutral' : 'widening',
    message: `${noun} ${item.name} is new`,
  })

const removed =
  (noun: string) =>
  (item: { readonly name: string }): Change => ({
    effect: 'narrowing',
    message: `${noun} ${item.name} is gone`,
  })

function changed(noun: string, name: string): readonly Change[] {
  return [{ effect: 'widening', message: `${noun} ${name} is not as it was` }]
}

function policyAdded(policy: TablePolicy): Change {
  const lets = outcomes(policy).some(action => action !== 'deny')
  return {
    effect: quiet(policy) ? 'neutral' : lets ? 'widening' : 'narrowing',
    policy: policy.name,
    message: `the policy is new${concerning(policy)}`,
  }
}

function policyRemoved(policy: TablePolicy): Change {
  const holds = outcomes(policy).some(action => action !== 'allow')
  return {
    effect: quiet(policy) ? 'neutral' : holds ? 'widening' : 'narrowing',
    policy: policy.name,
    message: `the policy is gone${concerning(policy)}`,
  }
}

function policyChanges(before: TablePolicy, after: TablePolicy): readonly Change[] {
  const changes = [
    ...settings(before, after),
    ...callKinds.flatMap(kind => entryChanges(kind, before, after)),
  ]
  // Observed only, then and now: nothing that it says is enforced.
  const neutral = quiet(before) && quiet(after)
  return changes.map(({ effect, message }) => ({
    effect: neutral ? 'neutral' : effect,
    policy: after.name,
    message: `${message}${concerning(after)}`,
  }))
}

function settings(before: TablePolicy, after: TablePolicy): readonly Change[] {
  return [
    ...(before.mode === after.mode
      ? []
      : [
          said(
            quiet(after) ? policyRemoved(before).effect : policyAdded(after).effect,
            `mode was ${before.mode}, now ${after.mode}`,
          ),
        ]),
    ...(written(before.subjects) === written(after.subjects)
      ? []
      : [said('widening', `subjects were ${who(before)}, now ${who(after)}`)]),
    ...actionChange('what is unmatched', before.unmatched, after.unmatched),
    ...actionChange('what cannot be evaluated', before.onError, after.onError),
  ]
}

function outcomes(policy: TablePolicy): readonly Action[] {
  const entries = callKinds.flatMap(kind => policy[listOf[kind]])
  return [policy.unmatched.action, ...entries.flatMap(actionsOf)]
}

function quiet({ mode }: TablePolicy): boolean {
  return mode === 'observe'
}

function concerning(policy: TablePolicy): string {
  return policy.subjects === undefined ? '' : ` (for ${who(policy)})`
}

function who({ subjects = {} }: TablePolicy): string {
  const { agents = [], apiKeys = [] } = subjects
  const lists = [...agents.map(name => `agent ${name}`), ...apiKeys.map(name => `key ${name}`)]
  return lists.length === 0 ? 'everybody' : lists.join(', ')
}
