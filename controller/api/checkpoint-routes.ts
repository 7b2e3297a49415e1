import Type from 'typebox'
import { Checkpoint } from '../../schemas/chain.ts'
import { closed } from '../../schemas/field.ts'
import type { StoredCheckpoints } from '../checkpoints/stored-checkpoints.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

const Query = closed(
  {
    after: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'Only those with greater numbers.',
    }),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100, description: 'How many.' }),
  },
  'Which checkpoints.',
)

const Page = closed(
  {
    key: closed(
      {
        id: Type.String({ description: 'Its name: what people compare.' }),
        publicKey: Type.String({ description: 'SPKI, DER in base64.' }),
      },
      'The key that this controller signs with.',
    ),
    checkpoints: Type.Array(Checkpoint, { description: 'In their order, as they were signed.' }),
    next: Type.Union([Type.Integer(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of checkpoints.',
)

/** The checkpoints of the chains of records, for those who keep copies. */
export function checkpointRoutes(checkpoints: StoredCheckpoints): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/audit/checkpoints',
      roles: ['admin'],
      permission: 'view_audit',
      summary: 'What the controller signed about the chains of records, oldest first.',
      query: Query,
      answers: { 200: { description: 'A page of checkpoints.', schema: Page } },
      async handle({ query: { after, limit } }, response) {
        const rows = await checkpoints.list(after, limit)
        const { id, publicKey } = checkpoints.key
        const next = rows.length === limit ? (rows.at(-1)?.number ?? null) : null
        const statements = rows.map(({ statement }) => statement).join(',')
        response
          .type('application/json')
          .send(
            `{"key":${JSON.stringify({ id, publicKey })},"checkpoints":[${statements}],"next":${next}}`,
          )
      },
    }),
  ]
}
