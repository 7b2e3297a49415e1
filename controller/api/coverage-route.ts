import Type from 'typebox'
import { Coverage } from '../../schemas/coverage.ts'
import { closed, text } from '../../schemas/field.ts'
import { type CoverageNeeds, coverage } from '../coverage/coverage.ts'
import { mostDays } from '../coverage/keep-coverage.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

const Query = closed(
  {
    days: Type.Integer({
      minimum: 1,
      maximum: mostDays,
      default: 90,
      description: 'How many days are looked at, today among them; days are of UTC.',
    }),
    namespace: Type.Optional(text('Only this namespace.', 253)),
  },
  'What is looked at.',
)

/** What the records say about the policies in force. */
export function coverageRoute(needs: CoverageNeeds): Route {
  return declare({
    method: 'get',
    path: '/api/v1/coverage',
    roles: ['admin'],
    permission: 'view_audit',
    summary: 'What is used without a rule, which rules decide nothing, and who answers questions.',
    query: Query,
    answers: { 200: { description: 'The report.', schema: Coverage } },
    handle: async ({ query }, response) => {
      response.json((await coverage(needs, query)) satisfies Coverage)
    },
  })
}
