import type { TableBudget } from '../../schemas/rule-table.ts'
import { otherwise, type Said, without } from './resource-changes.ts'

/** How a budget changed: its limit, what happens at it, and the rest. */
export function budgetDiffers(before: TableBudget, after: TableBudget): readonly Said[] {
  const [was, is] = [before, after].map(budget =>
    without(budget, 'limit', 'softLimit', 'onExceeded', 'workflow', 'extension', 'at'),
  )
  if (JSON.stringify(was) !== JSON.stringify(is)) return [otherwise]
  return [
    ...limitChanges(before, after),
    ...exceededChanges(before, after),
    ...(before.softLimit === after.softLimit
      ? []
      : [{ effect: 'neutral', message: 'tells people at another amount' } as const]),
  ]
}

function limitChanges(before: TableBudget, after: TableBudget): readonly Said[] {
  if (before.limit === after.limit) return []
  const message = `allows ${amount(after)} per ${after.window}, was ${amount(before)}`
  return [{ effect: after.limit < before.limit ? 'narrowing' : 'widening', message }]
}

function exceededChanges(before: TableBudget, after: TableBudget): readonly Said[] {
  const [was, is] = [before, after].map(({ onExceeded, workflow, extension }) =>
    onExceeded === 'deny' ? onExceeded : JSON.stringify([workflow, extension]),
  )
  if (was === is) return []
  if (is === 'deny') return [{ effect: 'narrowing', message: 'asks nobody for more any longer' }]
  if (was === 'deny') return [{ effect: 'widening', message: 'lets people give more' }]
  return [{ effect: 'either', message: 'asks others for more, or for another amount' }]
}

function amount({ limit, unit }: TableBudget): string {
  return unit === 'usd' ? `${limit / 1_000_000} USD` : `${limit} ${unit}`
}
