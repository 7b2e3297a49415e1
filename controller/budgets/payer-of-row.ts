import type { Spent } from '../../policy/spend/amount.ts'
import { type Payer, payerOf } from '../../policy/spend/spend-plan.ts'
import { type CostSource, costSources, type Usage } from '../../schemas/usage.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { BudgetPlan } from './plan-in-force.ts'

type Payed = Pick<
  UsageRow,
  'agent' | 'api_key' | 'user_name' | 'session' | 'flow' | 'kind' | 'model' | 'tool'
>

/** Who spent, by the table in force; by the record alone when the agent is no longer there. */
export function payerOfRow({ agents }: BudgetPlan, row: Payed): Payer {
  const { agent, api_key, session, kind, model, tool, user_name, flow } = row
  const known = agents.get(agent ?? '')
  const call = {
    apiKey: api_key ?? '',
    session: session ?? '',
    ...(kind === 'model' ? { model: model ?? '' } : { tool: tool ?? '' }),
  }
  if (known !== undefined) return payerOf(known, call)
  return { ...call, agent: agent ?? '', user: user_name ?? '', teams: [], flow: flow ?? '' }
}

/** What was spent, as a record says it. */
export function spentOf(
  row: Pick<UsageRow, 'kind' | 'tool' | 'cost_micro_usd' | 'cost_source'> & {
    readonly usage: Usage
  },
): Spent {
  const { kind, tool, usage, cost_micro_usd, cost_source } = row
  if (kind === 'tool') return { kind, tool: tool ?? '' }
  return {
    kind,
    usage,
    ...(cost_micro_usd !== null && { costMicroUsd: cost_micro_usd }),
    costSource: isCostSource(cost_source) ? cost_source : 'unpriced',
  }
}

function isCostSource(word: string | null): word is CostSource {
  return costSources.some(source => source === word)
}
