import Type from 'typebox'
import { closed } from '../../schemas/field.ts'
import { Review } from '../../schemas/review.ts'
import { namespacesOf } from './caller.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

const Query = closed(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many at most.' }),
    ),
  },
  'How many.',
)

const Reviews = closed(
  { reviews: Type.Array(Review, { description: 'Newest first.' }) },
  'Reviews of changes.',
)

interface ReviewRoutesNeeds {
  list(namespaces: readonly string[] | null, limit: number): Promise<readonly Review[]>
}

/** What people read of reviews. */
export function reviewRoutes(reviews: ReviewRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/reviews',
      roles: ['admin', 'person'],
      permission: 'view_policies',
      summary: 'Reviews of changes to policies, with the answers that were counted.',
      query: Query,
      answers: { 200: { description: 'Reviews.', schema: Reviews } },
      async handle({ query: { limit = 50 }, caller }, response) {
        response.json({ reviews: await reviews.list(namespacesOf(caller), limit) })
      },
    }),
  ]
}
