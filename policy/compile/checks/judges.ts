import type { Problem } from '../../../schemas/problem.ts'
import type { Resource } from '../resource.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'
import { modelsKnown } from './models.ts'

/** Workflows that a model decides by default, and those whose model nobody offers. */
export function* judges(world: World): Iterable<Problem> {
  const { resources, systemNamespace } = world
  const offered = Map.groupBy(ofKind(resources, 'ModelProvider'), ({ namespace }) => namespace)
  const areKnown = modelsKnown(world)
  for (const workflow of ofKind(resources, 'ApprovalWorkflow')) {
    const places = [workflow.namespace, systemNamespace]
    yield* approving(workflow)
    if (!places.every(areKnown)) continue
    yield* unreachable(
      workflow,
      places.flatMap(name => offered.get(name) ?? []),
    )
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
  if (spec.ai === undefined || origin.unsure(['spec', 'ai', 'model'])) return
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
