import type { BudgetSpec } from '../../../schemas/budget.ts'
import type { BudgetUnit, TableBudget } from '../../../schemas/rule-table.ts'
import { microUsd } from '../../spend/money.ts'
import type { Resource } from '../resource.ts'
import type { World } from '../world.ts'
import { priceOf } from './build-models.ts'
import { modelNames } from './model-names.ts'
import type { Files } from './table-files.ts'

/** A budget as the table holds it. */
export function buildBudget(
  world: World,
  { name, namespace, spec, origin }: Resource<'Budget'>,
  at: Files['at'],
): TableBudget {
  const { scope = {}, per = 'namespace', window, timeZone = 'UTC', onExceeded = 'deny' } = spec
  const { softLimitPercent, approvalWorkflow, extension, fallbackPrice, toolPrices = [] } = spec
  const models = scope.models?.flatMap(match => modelNames(world, namespace, match))
  const [unit, limit] = amountOf(spec.limit)
  return {
    name,
    scope: { ...scope, ...(models && { models: [...new Set(models)] }) },
    per,
    unit,
    limit,
    window,
    timeZone,
    ...(softLimitPercent !== undefined && {
      softLimit: Math.floor((limit * softLimitPercent) / 100),
    }),
    onExceeded,
    ...(approvalWorkflow !== undefined && { workflow: approvalWorkflow }),
    ...(extension !== undefined && { extension: amountOf(extension)[1] }),
    ...(fallbackPrice !== undefined && { fallbackPrice: priceOf(fallbackPrice) }),
    toolPrices: toolPrices.map(({ tool, usd }) => ({ tool, microUsd: microUsd(usd) })),
    at: at(origin, []),
  }
}

function amountOf({ usd, tokens, calls = 0 }: BudgetSpec['limit']): [BudgetUnit, number] {
  if (usd !== undefined) return ['usd', microUsd(usd)]
  return tokens === undefined ? ['calls', calls] : ['tokens', tokens]
}
