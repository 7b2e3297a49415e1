import t, { type Test } from 'tap'
import { csvHead, csvOf } from '../../../controller/api/audit-csv.ts'
import type { Cursor, Filter } from '../../../controller/ledger/filter.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { wordQuery, wordsOf } from '../../../controller/ledger/words.ts'
import { dayOf, recordDays } from '../../../controller/store/record-days.ts'
import type { NewEntry } from '../../../proxy/journal/line.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { WrittenChain } from './written-chain.ts'

const dayMs = 86_400_000

interface Shown extends NewEntry {
  readonly proxy: string
  readonly seq: number
}

/** Entries of a fortnight and of days that no clock should name, unevenly spread over proxies and words. */
function entries(now: number): readonly string[][] {
  const far = ['0001-01-01T00:00:00Z', '1990-05-05T05:05:05Z', '2999-01-01T00:00:00Z']
  return ['proxy-a', 'proxy-b', 'proxy-c'].map((name, p) => {
    const chain = new WrittenChain(name)
    return Array.from({ length: 120 }, (_, i) => {
      const at = new Date(now - ((i * 37 + p) % 14) * dayMs - (i % 7) * 1000).toISOString()
      const isOutcome = i % 2 === 1
      return chain.line({
        time: i < 3 ? (far[i] ?? at) : at,
        phase: isOutcome ? 'outcome' : 'attempt',
        call: `call-${p}-${i >> 1}`,
        namespace: i % 3 === 0 ? 'shop' : 'bank',
        agent: `agent-${i % 5}`,
        tool: i === 60 ? 'wipe' : `tool_${i % 4}`,
        ...(i % 11 === 0 ? { approval: `ask-${i}` } : {}),
        ...(i % 6 < 2 ? { kind: 'model' as const, model: `m${i % 2}`, provider: 'acme' } : {}),
        ...(isOutcome
          ? {
              status: i % 9 === 0 ? ('failed' as const) : ('succeeded' as const),
              ...(i % 9 === 0 ? { error: 'Upstream timed out', upstreamStatus: '504' } : {}),
              durationMs: i * 10,
              costMicroUsd: i * 100,
            }
          : { args: { path: `/srv/files-${i % 10}/notes.txt`, to: `Ana.${i}@example.com` } }),
      })
    })
  })
}

const matches: Readonly<Record<string, readonly [Omit<Filter, 'order'>, (of: Shown) => boolean]>> =
  {
    all: [{ words: {} }, () => true],
    proxy: [{ words: { proxy: 'proxy-b' } }, of => of.proxy === 'proxy-b'],
    call: [{ words: { call: 'call-1-30' } }, of => of.call === 'call-1-30'],
    rare: [{ words: { tool: 'wipe' } }, of => of.tool === 'wipe'],
    approval: [{ words: { approval: 'ask-22' } }, of => of.approval === 'ask-22'],
    provider: [{ words: { provider: 'acme' } }, of => of.provider === 'acme'],
    upstream: [{ words: { upstreamStatus: '504' } }, of => of.upstreamStatus === '504'],
    error: [{ words: {}, error: true }, of => of.error !== undefined],
    fine: [{ words: {}, error: false }, of => of.error === undefined],
    cost: [
      { words: {}, costMicroUsd: { min: 5000, max: 9000 } },
      of => (of.costMicroUsd ?? -1) >= 5000 && (of.costMicroUsd ?? -1) <= 9000,
    ],
    slow: [{ words: {}, durationMs: { min: 900 } }, of => (of.durationMs ?? -1) >= 900],
    two: [
      { words: { namespace: 'shop', agent: 'agent-3' } },
      of => of.namespace === 'shop' && of.agent === 'agent-3',
    ],
    never: [{ words: { phase: 'attempt', status: 'failed' } }, () => false],
    text: [{ words: {}, text: 'FILES-7' }, of => JSON.stringify(of.args ?? '').includes('files-7')],
    address: [{ words: {}, text: 'ana.4*' }, of => /Ana\.4/.test(JSON.stringify(of.args ?? ''))],
    went: [{ words: {}, text: 'upstream timed' }, of => of.error !== undefined],
    textAnd: [
      { words: { agent: 'agent-2' }, text: 'notes' },
      of => of.agent === 'agent-2' && of.phase === 'attempt',
    ],
  }

const millis = (of: Shown) => Math.max(Date.parse(of.time), Date.parse('0001-01-02T00:00:00Z'))

function sorted(all: readonly Shown[], order: Filter['order']): readonly Shown[] {
  const way = order === 'newest' ? -1 : 1
  return all.toSorted(
    (a, b) =>
      way *
      (millis(a) - millis(b) || (a.proxy < b.proxy ? -1 : a.proxy > b.proxy ? 1 : a.seq - b.seq)),
  )
}

async function paged(ledger: Ledger, filter: Filter, limit: number): Promise<readonly Shown[]> {
  const found: Shown[] = []
  let after: Cursor | null = null
  do {
    const page = await ledger.list(filter, after, limit)
    found.push(...page.entries.map(entry => JSON.parse(entry)))
    after = page.next
  } while (after !== null)
  return found
}

const id = ({ proxy, seq }: Shown) => `${proxy}:${seq}`

async function suite(t: Test, stores: StoreKind): Promise<void> {
  const now = Date.now()
  const lines = entries(now)
  const all: readonly Shown[] = lines.flat().map(line => JSON.parse(line))

  t.test('pages of every filter hold what fits, once, in one order', async t => {
    const { db } = await stores.empty()
    const ledger = new Ledger(db)
    for (const some of lines) await ledger.append(some)
    for (const [name, [filter, fits]] of Object.entries(matches)) {
      const expected = all.filter(fits)
      for (const order of ['newest', 'oldest'] as const) {
        const limit = expected.length > 60 ? 50 : 4
        const found = await paged(ledger, { ...filter, order }, limit)
        t.strictSame(found.map(id), sorted(expected, order).map(id), `${name}, ${order}`)
      }
      const since = now - 9 * dayMs
      const until = now - 2 * dayMs
      const within = expected.filter(of => millis(of) >= since && millis(of) < until)
      const found = await paged(ledger, { ...filter, since, until, order: 'newest' }, 30)
      t.strictSame(found.map(id), sorted(within, 'newest').map(id), `${name} of a week`)
    }
  })

  t.test('days get a part when they come, others have one together', async t => {
    const { db } = await stores.open(t)
    let clock = now
    const ledger = new Ledger(db, { now: () => clock })
    const chain = new WrittenChain('proxy-a')
    const ahead = new Date(now + 5 * dayMs)
    const lines = [
      chain.line({ time: new Date(now - 30 * dayMs).toISOString() }),
      chain.line({ time: ahead.toISOString() }),
      chain.line({ time: '1970-01-01T00:00:00Z' }),
    ]
    await ledger.append(lines)
    const days = (await recordDays(db)).map(({ day }) => day)
    t.ok(days.includes(dayOf(now - 30 * dayMs)))
    t.notOk(days.includes(dayOf(ahead.getTime())))
    clock = ahead.getTime()
    await Promise.all(
      ['proxy-b', 'proxy-c'].map(name =>
        new Ledger(db, { now: () => clock }).append([
          new WrittenChain(name).line({ time: ahead.toISOString() }),
        ]),
      ),
    )
    t.ok((await recordDays(db)).some(({ day }) => day === dayOf(ahead.getTime())))
    const moved = await db
      .selectFrom('records')
      .select('seq')
      .where('proxy', '=', 'proxy-a')
      .execute()
    t.equal(moved.length, 3, 'what came before its day had a part has moved there')
    t.strictSame(await ledger.append(lines), { stored: 0, repeated: 3 })
  })
}

everyStore(t, suite)

t.test('words are taken apart where something is no letter and no digit', t => {
  t.equal(
    wordsOf([{ path: '/tmp/Notes.txt', list: ['Ünï', 12.5, null, true] }, undefined, "it's"]),
    "'path':1 'tmp':2 'notes':3 'txt':4 'list':5 'ünï':6 '12':7 '5':8 'it':9 's':10",
  )
  t.equal(wordsOf(['--', {}, []]), null)
  t.equal(wordQuery("notes.txt  a* -- o'b"), "('notes' <-> 'txt') & ('a':*) & ('o' <-> 'b')")
  t.equal(wordQuery(' *.*! '), null)
  t.ok((wordsOf(['x '.repeat(100_000)]) ?? '').split(' ').length <= 256)
  t.end()
})

t.test('no field of a table is a formula', t => {
  const args = { a: 'x,"y"' }
  const table =
    csvHead +
    csvOf([
      {
        tool: '=HYPERLINK("x")',
        error: '\t=1',
        message: 'two\r\nlines',
        args,
        durationMs: -1,
        user: '＠x',
      },
    ])
  const [head = '', line = ''] = table.split(/\r\n(?=,)/)
  t.equal(head.split(',').length, 36)
  t.match(line, `"'=HYPERLINK(""x"")"`)
  t.match(line, `,'\t=1,`)
  t.match(line, ',"two\r\nlines",')
  t.match(line, `,-1,`)
  t.match(line, `,'＠x,`)
  t.match(line, `"{""a"":""x,\\""y\\""""}"\r\n`)
  t.end()
})
