import { once } from 'node:events'
import type { Request, Response } from 'express'
import {
  type Cursor,
  type Filter,
  readCursor,
  type SearchWord,
  searchColumns,
  writeCursor,
} from '../ledger/filter.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

const mostEntries = 1000

/** What people read: entries of the ledger, a page at a time or all of them. */
export function auditRoutes(ledger: Ledger): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/api/v1/audit',
      roles: ['admin'],
      handle: async (request, response) => {
        const { filter, after, limit } = readQuery(request.query, ['limit', 'order', 'after'])
        const { entries, next } = await ledger.list(filter, after, limit)
        const cursor = next === null ? null : writeCursor(next)
        response
          .type('application/json')
          .send(`{"entries":[${entries.join(',')}],"next":${JSON.stringify(cursor)}}`)
      },
    },
    {
      method: 'get',
      path: '/api/v1/audit/export',
      roles: ['admin'],
      handle: async (request, response) => {
        const { filter } = readQuery(request.query, [])
        await exportAll(ledger, { ...filter, order: 'oldest' }, response)
      },
    },
  ]
}

async function exportAll(ledger: Ledger, filter: Filter, response: Response): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  let after: Cursor | null = null
  response.type('application/x-ndjson')
  do {
    const { entries, next } = await ledger.list(filter, after, mostEntries)
    if (gone.signal.aborted) return
    const fits = response.write(entries.map(entry => `${entry}\n`).join(''))
    if (!fits) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
    after = next
  } while (after !== null && !gone.signal.aborted)
  response.end()
}

interface Query {
  readonly filter: Filter
  readonly after: Cursor | null
  readonly limit: number
}

/** Throws a RequestFailure for a word that is not known: a filter that is not heeded shows too much. */
function readQuery(query: Request['query'], extras: readonly string[]): Query {
  const words: { [Word in SearchWord]?: string } = {}
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') throw new RequestFailure(400, `${name} is given more than once.`)
    if (Object.hasOwn(searchColumns, name)) words[name as SearchWord] = value
    else if (!['since', 'until', ...extras].includes(name)) {
      throw new RequestFailure(400, `${name} is no filter; there are ${known(extras)}.`)
    }
  }
  const since = instant(query, 'since')
  const until = instant(query, 'until')
  return {
    filter: {
      words,
      order: order(query.order),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
    },
    after: cursor(query.after),
    limit: limit(query.limit),
  }
}

function known(extras: readonly string[]): string {
  return [...Object.keys(searchColumns), 'since', 'until', ...extras].join(', ')
}

type Value = Request['query'][string]

function order(value: Value): Filter['order'] {
  if (value === undefined || value === 'newest') return 'newest'
  if (value === 'oldest') return 'oldest'
  throw new RequestFailure(400, 'order is newest or oldest.')
}

function instant(query: Request['query'], name: 'since' | 'until'): number | undefined {
  if (query[name] === undefined) return undefined
  const at = Date.parse(String(query[name]))
  if (Number.isNaN(at))
    throw new RequestFailure(400, `${name} is an instant such as 2026-11-21T09:00:00Z.`)
  return at
}

function cursor(value: Value): Cursor | null {
  if (value === undefined) return null
  const read = readCursor(String(value))
  if (read === null) throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
  return read
}

function limit(value: Value): number {
  if (value === undefined) return 100
  const count = Number(value)
  if (Number.isInteger(count) && count >= 1 && count <= mostEntries) return count
  throw new RequestFailure(400, `limit is a number from 1 to ${mostEntries}.`)
}
