import type { Registry } from 'prom-client'
import Type from 'typebox'
import { closed, type Frozen } from '../../schemas/field.ts'
import type { Status } from '../status/status.ts'
import { answerProblem } from './problem-answer.ts'
import type { Route } from './route.ts'
import { ProblemAnswer, StatusAnswer } from './status-answer.ts'

export interface StatusRoutesNeeds {
  readonly status: () => Promise<Status>
  readonly metrics: () => Promise<Registry>
  /** Null once the controller can do its work; else what it waits for. */
  readonly notReady: () => Promise<string | null>
}

const Problems = closed({ problems: Type.Array(ProblemAnswer) }, 'What is wrong.')

const ok = { 200: { description: 'ok', type: 'text/plain' } }

/** How the controller is, for people, for Kubernetes and for Prometheus. */
export function statusRoutes(needs: StatusRoutesNeeds): readonly Route[] {
  return [...forPeople(needs), ...forMachines(needs)]
}

function forPeople({ status }: StatusRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/status',
      roles: ['admin'],
      permission: 'view_status',
      about: {
        summary: 'What is written, what is in force, who enforces it, and what is recorded.',
        answers: { 200: { description: 'How Writ is.', schema: StatusAnswer } },
      },
      handle: async (_request, response) => {
        response.json((await status()) satisfies Frozen<Type.Static<typeof StatusAnswer>>)
      },
    },
    {
      method: 'get',
      path: '/api/v1/problems',
      roles: ['admin'],
      permission: 'view_status',
      about: {
        summary: 'What is wrong with what is written.',
        answers: { 200: { description: 'Problems by place.', schema: Problems } },
      },
      handle: async (_request, response) => {
        const { problems } = await status()
        response.json({ problems: problems.list })
      },
    },
  ]
}

function forMachines({ metrics, notReady }: StatusRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      roles: 'everyone',
      about: { summary: 'Whether the process answers.', answers: ok },
      handle: (_request, response) => {
        response.type('text/plain').send('ok\n')
      },
    },
    {
      method: 'get',
      path: '/readyz',
      roles: 'everyone',
      about: { summary: 'Whether the controller can do its work; 503 while not.', answers: ok },
      handle: async (_request, response) => {
        const why = await notReady()
        if (why === null) response.type('text/plain').send('ok\n')
        else answerProblem(response, 503, why)
      },
    },
    {
      method: 'get',
      path: '/metrics',
      roles: ['admin'],
      permission: 'view_status',
      about: {
        summary: 'Metrics for Prometheus.',
        answers: { 200: { description: 'Metrics.', type: 'text/plain' } },
      },
      handle: async (_request, response) => {
        const registry = await metrics()
        response.type(registry.contentType).send(await registry.metrics())
      },
    },
  ]
}
