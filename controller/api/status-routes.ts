import { metricsText, metricsType } from '../status/metrics.ts'
import type { Status } from '../status/status.ts'
import { answerProblem } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface StatusRoutesNeeds {
  readonly status: () => Promise<Status>
  /** Null once the controller can do its work; else what it waits for. */
  readonly notReady: () => Promise<string | null>
}

/** How the controller is, for people, for Kubernetes and for Prometheus. */
export function statusRoutes({ status, notReady }: StatusRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/status',
      roles: ['admin'],
      handle: async (_request, response) => {
        response.json(await status())
      },
    },
    {
      method: 'get',
      path: '/api/v1/problems',
      roles: ['admin'],
      handle: async (_request, response) => {
        const { problems } = await status()
        response.json({ problems: problems.list })
      },
    },
    {
      method: 'get',
      path: '/healthz',
      roles: 'everyone',
      handle: (_request, response) => {
        response.type('text/plain').send('ok\n')
      },
    },
    {
      method: 'get',
      path: '/readyz',
      roles: 'everyone',
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
      handle: async (_request, response) => {
        response.type(metricsType).send(await metricsText(await status()))
      },
    },
  ]
}
