import type { Plan, Plans } from '../../schemas/plan.ts'
import type { Compiler } from '../compile/compiler.ts'
import type { PlanQuestion, StateText } from '../compile/plan-question.ts'
import { ControllerFailure } from '../failure.ts'
import { emptyDirectory } from '../publish/empty-table.ts'
import type { Standing } from './content-digest.ts'

/**
 * What a candidate changes of what is in force. When that is not found out in time, nothing is proved of any namespace
 * and the plan says so: the change counts as widening.
 */
export async function planChange(
  plan: Compiler['plan'],
  { inForce, candidate }: { readonly inForce: Standing; readonly candidate: Standing },
  signal: AbortSignal,
): Promise<Plans> {
  const question = { before: statesOf(inForce), after: statesOf(candidate) }
  return plan(question, signal).catch(error => {
    if (error instanceof ControllerFailure && error.code === 'plan_failed') {
      return unfinished(question)
    }
    throw error
  })
}

function statesOf({ tables, directories }: Standing): readonly StateText[] {
  const known = new Map(directories.map(directory => [directory.namespace, directory]))
  return [...tables].map(([namespace, table]) => ({
    table: JSON.stringify(table),
    directory: known.get(namespace) ?? emptyDirectory(namespace),
  }))
}

function unfinished({ before, after }: PlanQuestion): Plans {
  const names = [...before, ...after].map(({ directory: { namespace } }) => namespace)
  return { narrows: 'unproven', plans: [...new Set(names)].sort().map(anything) }
}

/** The plan of a namespace of which nothing is known. */
function anything(namespace: string): Plan {
  return {
    ...{ namespace, before: '', after: '', narrows: 'unproven', gaveUp: true },
    changes: [
      {
        effect: 'widening',
        kind: 'policy',
        name: '*',
        message: 'the plan was not finished, so any decision may change',
      },
    ],
  }
}
