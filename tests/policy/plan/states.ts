import { compile } from '../../../policy/compile/compile.ts'
import { plan } from '../../../policy/plan/plan.ts'
import type { PolicyState } from '../../../policy/plan/policy-state.ts'
import type { PlanChange } from '../../../schemas/plan.ts'

/** A document without what all have in common. */
export const resource = (kind: string, name: string, spec: object) => ({
  apiVersion: 'writ.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
})

/** The state of the namespace `default` in which these documents are in force. */
export function stateOf(...documents: readonly object[]): PolicyState {
  const text = documents.map(document => JSON.stringify(document)).join('\n---\n')
  const { tables, directories, problems } = compile([{ path: 'p.yaml', text }])
  const table = tables?.get('default')?.table
  const directory = directories.find(({ namespace }) => namespace === 'default')
  if (table === undefined || directory === undefined) throw new Error(JSON.stringify(problems))
  return { table, directory }
}

/** What a plan says in short: its claim, and each change with its effect. */
export function saidOf(before: PolicyState | null, after: PolicyState | null): readonly string[] {
  const { narrows, changes } = plan(before, after)
  return [narrows, ...changes.map(({ effect, message }) => `${effect}: ${message}`)]
}

/** The first change of a plan. */
export function firstOf(before: PolicyState | null, after: PolicyState | null): PlanChange {
  return plan(before, after).changes[0] as PlanChange
}
