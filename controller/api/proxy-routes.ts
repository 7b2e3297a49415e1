import { ProxyReport } from '../../schemas/proxy-report.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Proxies } from '../proxies.ts'
import { RequestFailure } from './problem-answer.ts'
import { jsonBody, textBody } from './read-body.ts'
import type { Route } from './route.ts'
import { validator } from './validator.ts'

export interface ProxyRoutesNeeds {
  readonly ledger: Ledger
  readonly proxies: Proxies
}

const mebibyte = 1024 * 1024

/** What proxies hand in: entries of their journals, and how they are. */
export function proxyRoutes({ ledger, proxies }: ProxyRoutesNeeds): readonly Route[] {
  const validReport = validator(ProxyReport)
  return [
    {
      method: 'post',
      path: '/api/v1/records',
      roles: ['proxy'],
      body: { type: 'application/x-ndjson', mostBytes: 8 * mebibyte },
      handle: async (request, response) => {
        const lines = textBody(request).split('\n').filter(Boolean)
        response.json(await ledger.append(lines))
      },
    },
    {
      method: 'put',
      path: '/api/v1/proxies/:id',
      roles: ['proxy'],
      body: { type: 'application/json', mostBytes: 8 * mebibyte },
      handle: async (request, response) => {
        const report = validReport(jsonBody(request))
        if (report.proxy !== request.params.id || !/^[\w.-]{1,128}$/.test(report.proxy)) {
          throw new RequestFailure(400, 'The report is of another proxy than the address.')
        }
        await proxies.report(report)
        response.status(204).end()
      },
    },
    {
      method: 'get',
      path: '/api/v1/proxies',
      roles: ['admin'],
      handle: (_request, response) => {
        response.json({ proxies: proxies.list() })
      },
    },
  ]
}
