import Type from 'typebox'
import { microUsd } from '../../policy/spend/money.ts'
import { closed, text, usd } from '../../schemas/field.ts'
import { type Filter, type Range, type SearchWord, searchColumns } from '../ledger/filter.ts'
import { wordQuery } from '../ledger/words.ts'
import { timesOf } from './instant-word.ts'
import { RequestFailure } from './problem-answer.ts'

const words = Object.fromEntries(
  Object.keys(searchColumns).map(word => [
    word,
    Type.Optional(Type.String({ maxLength: 8192, description: `Entries with this ${word}.` })),
  ]),
) as { readonly [Word in SearchWord]: Type.TOptional<Type.TString> }

const milliseconds = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 999_999_999, description }))

/** Which entries are asked for. */
export const NarrowQuery = closed(
  {
    ...words,
    text: Type.Optional(
      text(
        'Attempts with all of these words in their arguments, message or justification, and outcomes with them in their error; a word that ends with * may go on.',
        512,
      ),
    ),
    error: Type.Optional(Type.Boolean({ description: 'Whether something went wrong.' })),
    minCostUsd: Type.Optional(usd('Outcomes that cost so much or more.')),
    maxCostUsd: Type.Optional(usd('Outcomes that cost so much or less.')),
    minDurationMs: milliseconds('Outcomes that took so long or longer.'),
    maxDurationMs: milliseconds('Outcomes that took so long or less.'),
    since: Type.Optional(text('From this instant on.', 64)),
    until: Type.Optional(text('Before this instant.', 64)),
  },
  'Which entries; each word narrows.',
)

/** What a query narrows to. Throws a RequestFailure for a text in which there is nothing to look for. */
export function filterOf(query: Type.Static<typeof NarrowQuery>): Omit<Filter, 'order'> {
  const given = Object.entries(query).filter(([name]) => Object.hasOwn(searchColumns, name))
  const { text, error, minCostUsd, maxCostUsd, minDurationMs, maxDurationMs } = query
  if (text !== undefined && wordQuery(text) === null) {
    throw new RequestFailure(400, 'text has no letter and no digit.')
  }
  return {
    words: Object.fromEntries(given),
    ...(text !== undefined && { text }),
    ...(error !== undefined && { error }),
    costMicroUsd: rangeOf(amountOf(minCostUsd), amountOf(maxCostUsd)),
    durationMs: rangeOf(minDurationMs, maxDurationMs),
    ...timesOf(query),
  }
}

function amountOf(usd: string | undefined): number | undefined {
  return usd === undefined ? undefined : microUsd(usd)
}

function rangeOf(min: number | undefined, max: number | undefined): Range {
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}
