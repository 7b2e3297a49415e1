import Type from 'typebox'
import { closed, oneOf, text } from '../../schemas/field.ts'
import { Record as Entry } from '../../schemas/record.ts'
import { type Cursor, readCursor, writeCursor } from '../ledger/filter.ts'
import type { Ledger, Page } from '../ledger/ledger.ts'
import { csvHead, csvOf } from './audit-csv.ts'
import { filterOf, NarrowQuery } from './audit-query.ts'
import { declare } from './declare.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

const mostEntries = 1000

const ListQuery = closed(
  {
    ...NarrowQuery.properties,
    limit: Type.Integer({
      minimum: 1,
      maximum: mostEntries,
      default: 100,
      description: 'How many.',
    }),
    order: oneOf(['newest', 'oldest'], 'Which come first.', { default: 'newest' }),
    format: Type.Optional(
      oneOf(['json', 'csv', 'jsonl'], 'How to answer; what the request accepts when omitted.'),
    ),
    after: Type.Optional(text('The `next` of an earlier answer.', 512)),
  },
  'Which entries; each word narrows.',
)

const PageOfEntries = closed(
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
      answers: { 200: { description: 'A page of entries.', schema: PageOfEntries } },
      handle: async ({ query, accept }, response) => {
        const { after, limit, order, format } = query
        const page = await ledger.list({ ...filterOf(query), order }, cursor(after), limit)
        const next = page.next === null ? null : writeCursor(page.next)
        const form = formOf(format, accept)
        if (next !== null) response.set('link', linkTo(query, next))
        response.vary('accept').set('content-type', mediaTypes[form])
        response.send(Buffer.from(say(form, page, next)))
      },
    }),
  ]
}

/** In which form a page is answered: as its query says, else as the request accepts. */
function formOf(
  format: 'json' | 'csv' | 'jsonl' | undefined,
  accept = '',
): 'json' | 'csv' | 'jsonl' {
  if (format !== undefined) return format
  if (/^text\/csv\b/i.test(accept)) return 'csv'
  return /^application\/(x-ndjson|jsonl)\b/i.test(accept) ? 'jsonl' : 'json'
}

function say(form: 'json' | 'csv' | 'jsonl', { entries }: Page, next: string | null): string {
  switch (form) {
    case 'json':
      return `{"entries":[${entries.join(',')}],"next":${JSON.stringify(next)}}`
    case 'jsonl':
      return entries.map(entry => `${entry}\n`).join('')
    case 'csv':
      return csvHead + csvOf(entries.map(entry => JSON.parse(entry)))
  }
}

const mediaTypes = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
}

/** Where the next page of the same question is. */
function linkTo(query: object, after: string): string {
  const words = Object.entries({ ...query, after }).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  return `</api/v1/audit?${new URLSearchParams(words)}>; rel="next"`
}

function cursor(given: string | undefined): Cursor | null {
  if (given === undefined) return null
  const read = readCursor(given)
  if (read === null) throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
  return read
}
