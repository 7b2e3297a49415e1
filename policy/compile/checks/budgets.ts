import type { BudgetSpec } from '../../../schemas/budget.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { microUsd } from '../../spend/money.ts'
import { mayMeet } from '../globs-meet.ts'
import type { Resource } from '../resource.ts'
import { buildModels } from '../table/build-models.ts'
import { inNamespace, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'
import { modelsKnown } from './models.ts'

/** Budgets that cannot be kept as written. */
export function* budgets(world: World): Iterable<Problem> {
  const areModelsKnown = modelsKnown(world)
  for (const budget of ofKind(world.resources, 'Budget')) {
    const { spec, origin, namespace } = budget
    const { limit, timeZone } = spec
    const limits = Object.keys(limit).length
    if (limits > 1 || (limits === 0 && !origin.unsure(['spec', 'limit']))) {
      yield problemAt(origin, ['spec', 'limit'], oneLimit)
    }
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      yield problemAt(origin, ['spec', 'timeZone'], noTimeZone)
    }
    if (limit.usd !== undefined && areModelsKnown(namespace) && !isPriced(world, budget)) {
      yield problemAt(origin, ['spec', 'limit', 'usd'], unpriced)
    }
    yield* amounts(budget)
    yield* extensions(budget)
  }
}

/** Whether any call that the budget is about has a price: of its model, of its tool, or to fall back on. */
function isPriced(world: World, { namespace, spec, origin }: Resource<'Budget'>): boolean {
  const { fallbackPrice, toolPrices = [], scope = {} } = spec
  const concerns = scope.models ?? ['*']
  return (
    ['fallbackPrice', 'toolPrices', 'scope'].some(key => origin.unsure(['spec', key])) ||
    fallbackPrice !== undefined ||
    toolPrices.length > 0 ||
    ofKind(inNamespace(world.byNamespace, namespace), 'ModelProvider')
      .flatMap(provider => buildModels(provider.spec, world.prices))
      .filter(({ price }) => price !== undefined)
      .some(({ name }) => concerns.some(concern => mayMeet(concern, name)))
  )
}

/** Micro-USD must be counted exactly; whole numbers are by the time they are read. */
function* amounts({ spec, origin }: Resource<'Budget'>): Iterable<Problem> {
  for (const key of ['limit', 'extension'] as const) {
    const usd = spec[key]?.usd ?? '0'
    if (Number.isSafeInteger(microUsd(usd))) continue
    yield problemAt(origin, ['spec', key, 'usd'], tooLarge)
  }
}

/** Whoever is asked extends the limit by an amount that is written down, in its own unit. */
function* extensions({ spec, origin }: Resource<'Budget'>): Iterable<Problem> {
  const { limit, onExceeded, extension, approvalWorkflow } = spec
  if (['limit', 'onExceeded', 'extension'].some(key => origin.unsure(['spec', key]))) return
  if (onExceeded === 'require_approval') {
    if (extension === undefined) yield problemAt(origin, ['spec', 'onExceeded'], noExtension)
    else if (!isSameUnit(limit, extension) || microUsd(extension.usd ?? '1') === 0) {
      yield problemAt(origin, ['spec', 'extension'], otherUnit)
    }
    return
  }
  for (const [key, value] of Object.entries({ extension, approvalWorkflow })) {
    if (value !== undefined) yield problemAt(origin, ['spec', key], notAsked(key), 'key')
  }
}

function isSameUnit(limit: BudgetSpec['limit'], extension: BudgetSpec['limit']): boolean {
  const [unit, ...more] = Object.keys(extension)
  return more.length === 0 && unit !== undefined && Object.hasOwn(limit, unit)
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

const tooLarge = {
  severity: 'error',
  code: 'amount_too_large',
  message: 'The amount is too large to be counted exactly.',
  suggestion: 'Write less than 9007199254 USD.',
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

const noExtension = {
  severity: 'error',
  code: 'missing_extension',
  message: 'An approval must extend the limit by some amount.',
  suggestion: 'Write extension, in the unit of the limit.',
} as const

const otherUnit = {
  severity: 'error',
  code: 'extension_unit',
  message: 'extension must have one amount above zero, in the unit of the limit.',
  suggestion: 'Write usd, tokens or calls as in limit.',
} as const

function notAsked(key: string) {
  return {
    severity: 'warning',
    code: 'nobody_extends',
    message: `${key} has no meaning where the limit refuses.`,
    suggestion: 'Write onExceeded: require_approval, or leave it out.',
  } as const
}
