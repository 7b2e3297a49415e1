import Type from 'typebox'
import { closed, instant } from '../../schemas/field.ts'
import { ProxyReport } from '../../schemas/proxy-report.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { NewRow } from '../ledger/row.ts'
import type { Proxies as KnownProxies } from '../proxies.ts'
import type { ProxyOwners } from '../proxy-owners.ts'
import type { Caller } from './caller.ts'
import { expectOwnAccount } from './pod-speech.ts'
import { RequestFailure } from './problem-answer.ts'
import { expectInScope, expectProxy, ownerIn } from './proxy-scope.ts'
import { jsonBody, textBody } from './read-body.ts'
import type { Route } from './route.ts'
import { validator } from './validator.ts'

export interface ProxyRoutesNeeds {
  readonly ledger: Ledger
  readonly proxies: KnownProxies
  readonly owners: ProxyOwners
}

const Appended = closed(
  {
    stored: Type.Integer({ minimum: 0, description: 'Entries that are new.' }),
    repeated: Type.Integer({ minimum: 0, description: 'Entries that were there already.' }),
  },
  'What became of the entries.',
)

const Proxies = closed(
  {
    proxies: Type.Array(
      closed(
        {
          seenAt: instant('When it was heard of.'),
          report: ProxyReport,
          namespace: Type.Union([Type.String(), Type.Null()], {
            description: 'The only namespace that it enforces; null for all.',
          }),
          pod: Type.Optional(
            closed({ name: Type.String(), uid: Type.String() }, 'The pod that it is in.'),
          ),
        },
        'A proxy, as it said last.',
      ),
      { description: 'Those heard of within a day.' },
    ),
  },
  'Proxies.',
)

const ProxyId = Type.Object({ id: Type.String({ description: 'Id of the proxy.' }) })

const mebibyte = 1024 * 1024

/** What proxies hand in: entries of their journals, and how they are. */
export function proxyRoutes({ ledger, proxies, owners }: ProxyRoutesNeeds): readonly Route[] {
  const validReport = validator(ProxyReport)
  return [
    {
      method: 'post',
      path: '/api/v1/records',
      roles: ['proxy'],
      about: {
        summary: 'Hands in entries of a journal, one JSON object a line; all or none are kept.',
        body: Type.String({ description: 'Entries.' }),
        answers: { 200: { description: 'They are kept.', schema: Appended } },
      },
      body: { type: 'application/x-ndjson', mostBytes: 8 * mebibyte },
      handle: async (request, response, caller) => {
        const lines = textBody(request).split('\n').filter(Boolean)
        response.json(await ledger.append(lines, rows => expectOwn(owners, caller, rows)))
      },
    },
    {
      method: 'put',
      path: '/api/v1/proxies/:id',
      roles: ['proxy'],
      about: {
        summary: 'Says how a proxy is.',
        params: ProxyId,
        body: ProxyReport,
        answers: { 204: { description: 'It is noted.' } },
      },
      body: { type: 'application/json', mostBytes: 8 * mebibyte },
      handle: async (request, response, caller) => {
        const report = validReport(jsonBody(request))
        if (report.proxy !== request.params.id || !/^[\w.-]{1,128}$/.test(report.proxy)) {
          throw new RequestFailure(400, 'The report is of another proxy than the address.')
        }
        expectInScope(caller, namespacesIn(report))
        await expectProxy(owners, caller, report.proxy)
        await proxies.report(report, ownerIn(caller))
        response.status(204).end()
      },
    },
    {
      method: 'get',
      path: '/api/v1/proxies',
      roles: ['admin'],
      permission: 'view_status',
      about: {
        summary: 'Proxies, as they said last.',
        answers: { 200: { description: 'Proxies.', schema: Proxies } },
      },
      handle: (_request, response) => {
        response.json({ proxies: proxies.list() })
      },
    },
  ]
}

/** Nobody hands in entries of another proxy, of another namespace, or of who runs as somebody else. */
async function expectOwn(
  owners: ProxyOwners,
  caller: Caller,
  rows: readonly NewRow[],
): Promise<void> {
  expectInScope(
    caller,
    rows.map(({ namespace }) => namespace),
  )
  expectOwnAccount(
    caller,
    rows.map(({ api_key = null }) => api_key),
  )
  const [first] = rows
  if (first !== undefined) await expectProxy(owners, caller, first.proxy)
}

/** Every namespace that a report speaks of. */
function namespacesIn({ enforced, rejected = [], upstreams }: ProxyReport): readonly string[] {
  const told = [...rejected, ...upstreams].map(({ namespace }) => namespace)
  return [...Object.keys(enforced), ...told]
}
