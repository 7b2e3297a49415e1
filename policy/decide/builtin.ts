import { builtin } from '../../schemas/builtin-tool.ts'
import type { Decision } from '../../schemas/decision.ts'
import { planFor } from './call-plan.ts'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'
import type { LoadedTable } from './load.ts'
import { stricter, type Verdict } from './verdict.ts'

/**
 * The verdict on a call of one of Writ's own tools, where it is a refusal; null otherwise. They need no policy: only
 * entries that name the server `builtin` speak of them, and nobody is asked about asking.
 */
export function builtinRefusal(table: LoadedTable, facts: Facts): Decision | null {
  const { own, system } = planFor(table.plans, facts)
  let strictest: Verdict | null = null
  for (const entry of [...own, ...system]) {
    if (entry.source.server === builtin) strictest = stricter(strictest, judge(entry, facts))
  }
  return strictest?.decision.action === 'deny' ? strictest.decision : null
}
