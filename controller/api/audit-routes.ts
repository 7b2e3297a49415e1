import Type from 'typebox'
import { closed, oneOf, text } from '../../schemas/field.ts'
import { Record as Entry } from '../../schemas/record.ts'
import {
  type Cursor,
  type Filter,
  readCursor,
  type SearchWord,
  searchColumns,
  writeCursor,
} from '../ledger/filter.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { declare } from './declare.ts'
import { timesOf } from './instant-word.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

const mostEntries = 1000

const words = Object.fromEntries(
  Object.keys(searchColumns).map(word => [
    word,
    Type.Optional(Type.String({ maxLength: 8192, description: `Entries with this ${word}.` })),
  ]),
) as { readonly [Word in SearchWord]: Type.TOptional<Type.TString> }

const narrow = {
  ...words,
  since: Type.Optional(text('From this instant on.', 64)),
  until: Type.Optional(text('Before this instant.', 64)),
}

/** Which entries are asked for. */
export const NarrowQuery = closed(narrow, 'Which entries; each word narrows.')

const ListQuery = closed(
  {
    ...narrow,
    limit: Type.Integer({
      minimum: 1,
      maximum: mostEntries,
      default: 100,
      description: 'How many.',
    }),
    order: oneOf(['newest', 'oldest'], 'Which come first.', { default: 'newest' }),
    after: Type.Optional(text('The `next` of an earlier answer.', 512)),
  },
  'Which entries; each word narrows.',
)

const Page = closed(
  {
    entries: Type.Array(Entry, { description: 'As their proxies wrote them.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of entries.',
)

/** What people read: entries of the ledger, a page at a time or all of them. */
export function auditRoutes(ledger: Ledger): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/audit',
      roles: ['admin'],
      permission: 'view_audit',
      summary: 'What agents asked for, and what came of it; a page.',
      query: ListQuery,
      answers: { 200: { description: 'A page of entries.', schema: Page } },
      handle: async ({ query }, response) => {
        const { after, limit, order } = query
        const filter = { ...filterOf(query), order }
        const { entries, next } = await ledger.list(filter, cursor(after), limit)
        const following = next === null ? null : writeCursor(next)
        response
          .type('application/json')
          .send(`{"entries":[${entries.join(',')}],"next":${JSON.stringify(following)}}`)
      },
    }),
  ]
}

/** What a query narrows to. */
export function filterOf(query: Type.Static<typeof NarrowQuery>): Omit<Filter, 'order'> {
  const given = Object.entries(query).filter(([name]) => Object.hasOwn(searchColumns, name))
  return { words: Object.fromEntries(given), ...timesOf(query) }
}

function cursor(given: string | undefined): Cursor | null {
  if (given === undefined) return null
  const read = readCursor(given)
  if (read === null) throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
  return read
}
