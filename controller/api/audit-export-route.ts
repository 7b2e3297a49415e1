import { once } from 'node:events'
import type { Response } from 'express'
import { Record as Entry } from '../../schemas/record.ts'
import type { Cursor, Filter } from '../ledger/filter.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { filterOf, NarrowQuery } from './audit-routes.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

const entriesAtOnce = 1000

/** All entries that a filter lets through, as a stream. */
export function auditExportRoute(ledger: Ledger): Route {
  return declare({
    method: 'get',
    path: '/api/v1/audit/export',
    roles: ['admin'],
    summary: 'Every entry, oldest first, one JSON object a line.',
    query: NarrowQuery,
    answers: { 200: { description: 'Entries.', type: 'application/x-ndjson', schema: Entry } },
    handle: ({ query }, response) =>
      exportAll(ledger, { ...filterOf(query), order: 'oldest' }, response),
  })
}

async function exportAll(ledger: Ledger, filter: Filter, response: Response): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  let after: Cursor | null = null
  response.type('application/x-ndjson')
  do {
    const { entries, next } = await ledger.list(filter, after, entriesAtOnce)
    if (gone.signal.aborted) return
    const fits = response.write(entries.map(entry => `${entry}\n`).join(''))
    if (!fits) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
    after = next
  } while (after !== null && !gone.signal.aborted)
  response.end()
}
