import type { Problem } from '../../../schemas/problem.ts'
import { anyGlob } from '../../decide/glob.ts'
import type { Resource } from '../resource.ts'
import { inNamespace, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'
import { modelsKnown } from './models.ts'

/** Budgets that cannot be kept as written. */
export function* budgets(world: World): Iterable<Problem> {
  const areModelsKnown = modelsKnown(world)
  for (const { spec, origin, ...budget } of ofKind(world.resources, 'Budget')) {
    const { limit, timeZone } = spec
    const limits = Object.keys(limit).length
    if (limits > 1 || (limits === 0 && !origin.unsure(['spec', 'limit']))) {
      yield problemAt(origin, ['spec', 'limit'], oneLimit)
    }
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      yield problemAt(origin, ['spec', 'timeZone'], noTimeZone)
    }
    const counts = limit.usd !== undefined && areModelsKnown(budget.namespace)
    if (counts && !isPriced(world, { ...budget, spec, origin })) {
      yield problemAt(origin, ['spec', 'limit', 'usd'], unpriced)
    }
  }
}

/** Whether any call that the budget is about has a price: of its model, of its tool, or to fall back on. */
function isPriced(world: World, { namespace, spec, origin }: Resource<'Budget'>): boolean {
  const { fallbackPrice, toolPrices = [], scope = {} } = spec
  const concerns = anyGlob(scope.models ?? ['*'])
  return (
    ['fallbackPrice', 'toolPrices', 'scope'].some(key => origin.unsure(['spec', key])) ||
    fallbackPrice !== undefined ||
    toolPrices.length > 0 ||
    ofKind(inNamespace(world.byNamespace, namespace), 'ModelProvider')
      .flatMap(provider => provider.spec.models ?? [])
      .some(({ name, price }) => price !== undefined && concerns(name))
  )
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

const oneLimit = {
  severity: 'error',
  code: 'one_limit',
  message: 'limit must have exactly one of usd, tokens and calls.',
  suggestion: 'Write a budget for each limit.',
} as const

const noTimeZone = {
  severity: 'error',
  code: 'unknown_time_zone',
  message: 'There is no such time zone.',
  suggestion: 'Write an IANA name such as Europe/Berlin, or UTC.',
} as const

const unpriced = {
  severity: 'warning',
  code: 'unpriced_budget',
  message: 'No model that the budget is about has a price, so its calls will be refused.',
  suggestion: 'Give a ModelProvider prices, or the budget a fallbackPrice.',
} as const
