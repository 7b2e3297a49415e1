import type { Problem } from '../../../schemas/problem.ts'
import type { Resource } from '../resource.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Workflows that a model decides by default, and those whose model nobody offers. */
export function* judges({ resources, systemNamespace }: World): Iterable<Problem> {
  const offered = Map.groupBy(ofKind(resources, 'ModelProvider'), ({ namespace }) => namespace)
  for (const workflow of ofKind(resources, 'ApprovalWorkflow')) {
    const near = [workflow.namespace, systemNamespace].flatMap(name => offered.get(name) ?? [])
    yield* approving(workflow)
    yield* unreachable(workflow, near)
  }
}

function* approving({ spec, origin }: Resource<'ApprovalWorkflow'>): Iterable<Problem> {
  if (spec.ai?.onUncertain !== 'approve') return
  yield problemAt(origin, ['spec', 'ai', 'onUncertain'], {
    severity: 'warning',
    code: 'judge_may_approve',
    message: 'A judge that is unsure, fails or does not answer approves the call.',
    suggestion: 'Write `onUncertain: escalate`, and people are asked.',
  })
}

function* unreachable(
  { spec, origin }: Resource<'ApprovalWorkflow'>,
  providers: readonly Resource<'ModelProvider'>[],
): Iterable<Problem> {
  if (spec.ai === undefined) return
  const { model } = spec.ai
  const asked = providers.filter(({ spec: { protocol } }) => protocol === 'openai')
  const names = asked.flatMap(provider =>
    (provider.spec.models ?? []).flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  )
  if (names.includes(model)) return
  yield problemAt(origin, ['spec', 'ai', 'model'], {
    severity: 'warning',
    code: 'judge_unreachable',
    message: `No ModelProvider of protocol openai offers "${model}", so the judge is always unsure.`,
    suggestion: 'Write a ModelProvider with this model.',
  })
}
