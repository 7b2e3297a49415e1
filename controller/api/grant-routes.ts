import Type from 'typebox'
import { closed, instant, oneOf, resourceName, text, usd } from '../../schemas/field.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { refusal } from './approval-refusal.ts'
import { namespacesOf, sees } from './caller.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'
import { actorOf } from './visible-request.ts'

export interface GrantRoutesNeeds {
  readonly approvals: Pick<Approvals, 'grants' | 'revoke'>
  /** Every namespace that is in force. */
  readonly namespaces: () => readonly string[]
}

const Template = Type.Record(Type.String(), oneOf(['equal', 'any'], 'How the argument must be.'), {
  description: 'For each argument: `equal` to its value in this call, or `any`.',
})

/** The bounds of a standing grant, as whoever approves writes them. */
export const GrantTerms = closed(
  {
    uses: Type.Integer({ minimum: 1, maximum: 1000, description: 'Calls in all, with this one.' }),
    expires: instant('When it ends; at most 30 days ahead.'),
    args: Template,
    money: Type.Optional(
      closed(
        {
          argument: text('A numeric argument.', 256),
          maxUsd: usd('What its values may add up to.'),
        },
        'How much the calls may cost together.',
      ),
    ),
  },
  'Approves calls like this one as well, within bounds.',
)

const Grant = closed(
  {
    id: text('Id.', 64),
    request: text('The request that it was given with.', 64),
    namespace: resourceName('Namespace.'),
    agent: text('Agent that may call.', 253),
    server: Type.Optional(text('ToolServer.', 253)),
    tool: text('Tool.', 8192),
    args: Template,
    uses: Type.Integer({ minimum: 1, description: 'Calls in all.' }),
    used: Type.Integer({ minimum: 0, description: 'Calls so far.' }),
    money: Type.Optional(
      closed(
        {
          argument: text('The argument that is added up.', 256),
          maxMicroUsd: Type.Integer({ description: 'The most, in micro-USD.' }),
          spentMicroUsd: Type.Integer({ description: 'So far, in micro-USD.' }),
        },
        'How much the calls may cost together.',
      ),
    ),
    createdAt: instant('When it was given.'),
    expiresAt: instant('When it ends.'),
    endedAt: Type.Optional(instant('When it ended.')),
    reason: Type.Optional(Type.String({ description: 'Why it ended.' })),
  },
  'A standing grant.',
)

const Query = closed(
  { namespace: Type.Optional(resourceName('Grants of this namespace.')) },
  'Which grants to list.',
)
const Grants = closed({ grants: Type.Array(Grant, { description: 'Newest first.' }) }, 'Grants.')
const GrantId = Type.Object({
  id: Type.String({ pattern: '^agr-[0-9a-z]{16}$', description: 'Id of the grant.' }),
})
const Revoke = closed({ reason: text('Why.', 4096) }, 'Why the grant ends.')

const path = '/api/v1/approval-grants'

/** Standing grants: what they still allow, and how they end. */
export function grantRoutes({ approvals, namespaces }: GrantRoutesNeeds): readonly Route[] {
  const grantsIn = async (names: readonly string[]) =>
    (await Promise.all(names.map(name => approvals.grants(name)))).flat()
  return [
    declare({
      method: 'get',
      path,
      roles: ['admin', 'person'],
      permission: 'view_approvals',
      attempt: 'list grants',
      summary: 'Standing grants of your namespaces.',
      query: Query,
      answers: { 200: { description: 'Grants.', schema: Grants } },
      handle: async ({ query: { namespace }, caller }, response) => {
        const own = namespacesOf(caller) ?? namespaces()
        const asked = own.filter(name => namespace === undefined || name === namespace)
        response.json({ grants: await grantsIn(asked) })
      },
    }),
    declare({
      method: 'post',
      path: `${path}/:id/revoke`,
      roles: ['admin', 'person'],
      permission: 'decide_approvals',
      attempt: 'revoke a grant',
      summary: 'Ends a grant; for those who may decide the request that it was given with.',
      params: GrantId,
      body: { schema: Revoke, mostBytes: 65_536 },
      answers: { 204: { description: 'It has ended.' } },
      handle: async (asked, response) => {
        const { caller, params, body } = asked
        const seen = namespaces().filter(name => sees(caller, name))
        const grant = (await grantsIn(seen)).find(({ id }) => id === params.id)
        if (grant === undefined) throw refusal('unknown_request', 'There is no such grant.')
        const actor = actorOf(asked, grant.namespace)
        const code = await approvals.revoke(params.id, body.reason, actor)
        if (code !== null) throw refusal(code, 'You may not end this grant, or it has ended.')
        response.status(204).end()
      },
    }),
  ]
}
