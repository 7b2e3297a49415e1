import t, { type Test } from 'tap'
import type { UsageRow } from '../../../controller/store/budget-rows.ts'
import { sumUsage, type UsageGroup } from '../../../controller/usage/sum-usage.ts'
import type { UsageFilter } from '../../../controller/usage/usage-filter.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { store, toolRow, usageRow } from './usage-rows.ts'

const none = {
  ...{ calls: 0, failed_calls: 0, unpriced_calls: 0, estimated_calls: 0, input_tokens: 0 },
  ...{ output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
  ...{ cost_micro_usd: 0 },
}

const at = (instant: string) => Date.parse(instant)

const calls: readonly UsageRow[] = [
  usageRow({ time: new Date('2026-11-18T23:59:59.999Z'), model: 'gpt-old', session: null }),
  usageRow({ time: new Date('2026-11-19T00:00:00Z'), agent: 'codex', cost_micro_usd: 7 }),
  usageRow({ usage_source: 'partial', status: 'cancelled' }),
  usageRow({ cost_micro_usd: null, cost_source: 'unpriced', usage_source: 'estimated' }),
  usageRow({ cost_micro_usd: 0, model: 'free', user_name: null }),
  toolRow({ session: 's-2' }),
  toolRow({ cost_micro_usd: 5000, cost_source: 'tool', tool: 'search', agent: 'codex' }),
  usageRow({ time: new Date('2026-11-21T08:00:00Z'), namespace: 'other' }),
]

/** What the same sums are, added up in the plainest way. */
function plainly(filter: UsageFilter, group: keyof UsageRow | 'day') {
  const { namespace, agent, session } = filter.words
  const fits = calls.filter(
    row =>
      (namespace === undefined || row.namespace === namespace) &&
      (agent === undefined || row.agent === agent) &&
      (session === undefined || row.session === session) &&
      row.time.getTime() >= (filter.since ?? 0) &&
      row.time.getTime() < (filter.until ?? Number.POSITIVE_INFINITY),
  )
  const keyed = fits.map(row => {
    const key = group === 'day' ? row.time.toISOString().slice(0, 10) : row[group]
    return [key, row] as const
  })
  const sums = [...Map.groupBy(keyed, ([key]) => key)]
    .filter(([key]) => key !== null)
    .map(([key, rows]) => [
      key,
      rows.length,
      rows.reduce((sum, [, r]) => sum + Number(r.cost_micro_usd), 0),
    ])
  return { calls: fits.length, sums: sums.sort() }
}

const groups: readonly (readonly [UsageGroup, keyof UsageRow | 'day'])[] = [
  ['day', 'day'],
  ['model', 'model'],
  ['agent', 'agent'],
  ['apiKey', 'api_key'],
  ['session', 'session'],
  ['tool', 'tool'],
  ['provider', 'provider'],
  ['user', 'user_name'],
  ['flow', 'flow'],
  ['namespace', 'namespace'],
]

const filters: Readonly<Record<string, UsageFilter>> = {
  'all calls': { words: {} },
  'the calls of one agent': { words: { agent: 'codex' } },
  'the calls of one session': { words: { session: 's-1', namespace: 'default' } },
  'the calls of whole days': {
    words: {},
    since: at('2026-11-19T00:00:00Z'),
    until: at('2026-11-21T00:00:00Z'),
  },
  'the calls of days cut at both ends': {
    words: { namespace: 'default' },
    since: at('2026-11-18T23:59:00Z'),
    until: at('2026-11-20T12:00:01Z'),
  },
  'the calls of some hours of a day': {
    words: {},
    since: at('2026-11-20T11:00:00Z'),
    until: at('2026-11-20T13:00:00Z'),
  },
  'the calls since some hour': { words: {}, since: at('2026-11-20T13:00:00Z') },
  'the calls until some hour': { words: {}, until: at('2026-11-19T06:00:00Z') },
}

async function sums(t: Test, stores: StoreKind): Promise<void> {
  const { db } = await stores.open(t)

  t.test(`nothing used is nothing and not an error`, async t => {
    t.strictSame(await sumUsage(db, { filter: { words: {} }, by: ['day', 'model'], top: 10 }), {
      totals: { ...none, last_at: null },
      by: { day: { rows: [], groups: 0 }, model: { rows: [], groups: 0 } },
      complete: true,
    })
    // In two parts, as journals come.
    await store(db, calls.slice(0, 3))
    await store(db, calls.slice(3))
  })

  t.test(`calls without a price are counted apart from those that cost nothing`, async t => {
    const filter = { words: { namespace: 'default' } }
    const { totals, complete } = await sumUsage(db, { filter, by: [], top: 10 })
    t.strictSame(totals, {
      calls: 7,
      failed_calls: 1,
      unpriced_calls: 1,
      estimated_calls: 2,
      input_tokens: 500,
      output_tokens: 100,
      cache_read_tokens: 50,
      cache_write_tokens: 0,
      reasoning_tokens: 25,
      cost_micro_usd: 450 + 7 + 450 + 5000,
      last_at: new Date('2026-11-20T12:00:00Z'),
    })
    t.equal(complete, true)
  })

  for (const [claim, filter] of Object.entries(filters)) {
    t.test(`${claim} add up by whatever they are grouped`, async t => {
      const all = await sumUsage(db, { filter, by: groups.map(([group]) => group), top: 10 })
      for (const [group, column] of groups) {
        const alone = await sumUsage(db, { filter, by: [group], top: 10 })
        const plain = plainly(filter, column)
        const found = alone.by[group]
        t.equal(alone.totals.calls, plain.calls)
        t.equal(found?.groups, plain.sums.length)
        t.strictSame(
          found?.rows.map(({ key, calls, cost_micro_usd }) => [key, calls, cost_micro_usd]).sort(),
          plain.sums,
          group,
        )
        t.strictSame(all.by[group], found, `${group} beside others`)
      }
      t.ok(all.complete)
    })
  }

  t.test(`of many the dearest are told, and how many there are`, async t => {
    const { by } = await sumUsage(db, { filter: { words: {} }, by: ['model', 'day'], top: 1 })
    t.match(by, {
      model: { rows: [{ key: 'gpt-4o', cost_micro_usd: 907 }], groups: 3 },
      day: { rows: [{ key: '2026-11-21' }], groups: 4 },
    })
  })
}

everyStore(t, sums)
