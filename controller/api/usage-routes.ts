import type { Kysely } from 'kysely'
import Type from 'typebox'
import { closed, instant, oneOf, text } from '../../schemas/field.ts'
import { type Cursor, readCursor, writeCursor } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import { listUsage } from '../usage/list-usage.ts'
import { sumUsage, type UsageGroup, usageGroups } from '../usage/sum-usage.ts'
import { type UsageFilter, type UsageWord, usageColumns } from '../usage/usage-filter.ts'
import { declare } from './declare.ts'
import { timesOf } from './instant-word.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'
import { sums, sumsAnswer, UsageEntry, UsageSumsAnswer, usageEntry } from './usage-answer.ts'

export interface UsageRoutesNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
}

const words = Object.fromEntries(
  Object.keys(usageColumns).map(word => [
    word,
    Type.Optional(text(`Calls with this ${word}.`, 512)),
  ]),
) as { readonly [Word in UsageWord]: Type.TOptional<Type.TString> }

const groupNames = Object.keys(usageGroups) as UsageGroup[]

const SummaryQuery = closed(
  {
    ...words,
    since: Type.Optional(text('From this instant on; 30 days ago when omitted.', 64)),
    until: Type.Optional(text('Before this instant.', 64)),
    by: Type.Array(oneOf(groupNames, 'A group.'), {
      maxItems: groupNames.length,
      default: ['day', 'model'],
      description: `Groups, between commas: ${groupNames.join(', ')}.`,
    }),
    top: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 100,
      description: 'Of each group the dearest, of days the newest, so many.',
    }),
  },
  'Which calls; each word narrows.',
)

const Breakdown = closed(
  {
    rows: Type.Array(closed({ key: Type.String({ description: 'Which.' }), ...sums }, 'Sums.'), {
      description: 'The dearest first; of days the newest.',
    }),
    groups: Type.Integer({ minimum: 0, description: 'How many there are in all.' }),
  },
  'Sums of each.',
)

const Summary = closed(
  {
    since: instant('From then on.'),
    until: Type.Optional(instant('Before then.')),
    totals: UsageSumsAnswer,
    by: closed(
      Object.fromEntries(groupNames.map(name => [name, Type.Optional(Breakdown)])),
      'By each group that was asked for; calls that have no such thing are in the totals only.',
    ),
    complete: Type.Boolean({
      description: 'False when only the newest of very many calls were added up.',
    }),
  },
  'What was used and what it cost.',
)

const ListQuery = closed(
  {
    ...words,
    since: Type.Optional(text('From this instant on.', 64)),
    until: Type.Optional(text('Before this instant.', 64)),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many.' }),
    after: Type.Optional(text('The `next` of an earlier answer.', 512)),
  },
  'Which calls; each word narrows.',
)

const Page = closed(
  {
    calls: Type.Array(UsageEntry, { description: 'Newest first.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of calls.',
)

const defaultMs = 30 * 86_400_000

/** What was used: added up, and call by call. */
export function usageRoutes({ db, now }: UsageRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/usage/summary',
      roles: ['admin'],
      permission: 'view_cost',
      summary: 'What calls used and cost, in all and by day, model, agent and more.',
      query: SummaryQuery,
      answers: { 200: { description: 'Sums.', schema: Summary } },
      handle: async ({ query }, response) => {
        const { by, top } = query
        const { since = now() - defaultMs, until } = timesOf(query)
        const filter = { ...filterOf(query), since, ...(until !== undefined && { until }) }
        const { totals, by: broken, complete } = await sumUsage(db, { filter, by, top })
        const groups = Object.entries(broken).map(([group, { rows, groups }]) => [
          group,
          { rows: rows.map(({ key, ...row }) => ({ key, ...sumsAnswer(row) })), groups },
        ])
        response.json({
          since: new Date(since).toISOString(),
          ...(until !== undefined && { until: new Date(until).toISOString() }),
          totals: sumsAnswer(totals),
          by: Object.fromEntries(groups),
          complete,
        })
      },
    }),
    declare({
      method: 'get',
      path: '/api/v1/usage',
      roles: ['admin'],
      permission: 'view_cost',
      summary: 'Calls that were forwarded, what each used and cost; a page.',
      query: ListQuery,
      answers: { 200: { description: 'A page of calls.', schema: Page } },
      handle: async ({ query }, response) => {
        const filter = { ...filterOf(query), ...timesOf(query) }
        const { rows, next } = await listUsage(db, filter, cursorOf(query.after), query.limit)
        response.json({
          calls: rows.map(usageEntry),
          next: next === null ? null : writeCursor(next),
        })
      },
    }),
  ]
}

function filterOf(query: object): Pick<UsageFilter, 'words'> {
  const given = Object.entries(query).filter(([name]) => Object.hasOwn(usageColumns, name))
  return { words: Object.fromEntries(given) }
}

function cursorOf(given: string | undefined): Cursor | null {
  if (given === undefined) return null
  const read = readCursor(given)
  if (read === null) throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
  return read
}
