import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { closed, oneOf } from '../../schemas/field.ts'
import { Record as Entry } from '../../schemas/record.ts'
import { type ExportNeeds, exportLines } from '../export/export-lines.ts'
import type { Cursor, Filter } from '../ledger/filter.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { filterOf, NarrowQuery } from './audit-query.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

const entriesAtOnce = 1000

const ExportQuery = closed(
  {
    ...NarrowQuery.properties,
    form: oneOf(
      ['proof', 'entries'],
      '`proof`: chain by chain, with all that proves it. `entries`: nothing but entries, oldest first.',
      { default: 'proof' },
    ),
  },
  'Which entries; each word narrows.',
)

export interface AuditExportNeeds extends ExportNeeds {
  readonly ledger: Ledger
}

/** All entries that a filter lets through, as a stream. */
export function auditExportRoute(needs: AuditExportNeeds): Route {
  return declare({
    method: 'get',
    path: '/api/v1/audit/export',
    roles: ['admin'],
    permission: 'view_audit',
    summary: 'Every entry, one JSON object a line, with what proves that they are whole.',
    query: ExportQuery,
    answers: { 200: { description: 'Lines.', type: 'application/x-ndjson', schema: Entry } },
    handle: async ({ query: { form, ...query } }, response) => {
      const filter: Filter = { ...filterOf(query), order: 'oldest' }
      response.type('application/x-ndjson')
      if (form === 'entries') await exportEntries(needs.ledger, filter, response)
      else await exportProof(needs, { filter, said: saidIn(query) }, response)
    },
  })
}

/** The words of a query as they were said; times are told apart. */
function saidIn({ since: _, until: __, ...words }: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(words).map(([word, value]) => [word, String(value)]))
}

async function exportProof(
  needs: ExportNeeds,
  question: Parameters<typeof exportLines>[1],
  response: Response,
): Promise<void> {
  await pipeline(Readable.from(exportLines(needs, question)), response).catch(error => {
    // Who goes away in the middle has what they wanted, or will notice that the end is missing.
    if (Object(error).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
}

async function exportEntries(ledger: Ledger, filter: Filter, response: Response): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  let after: Cursor | null = null
  do {
    const { entries, next } = await ledger.list(filter, after, entriesAtOnce)
    if (gone.signal.aborted) return
    const fits = response.write(entries.map(entry => `${entry}\n`).join(''))
    if (!fits) await once(response, 'drain', { signal: gone.signal }).catch(() => undefined)
    after = next
  } while (after !== null && !gone.signal.aborted)
  response.end()
}
