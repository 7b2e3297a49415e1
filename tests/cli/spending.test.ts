import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { amountText, usdText } from '../../cli/amount-text.ts'
import { budgetsCommand } from '../../cli/commands/budgets.ts'
import { type ExitCode, sink } from '../../cli/terminal.ts'
import type { NewEntry } from '../../proxy/journal/line.ts'
import { tokens, until, world } from '../controller/world.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { writ } from './writ.ts'

const w = await world(t)
w.write(
  'a.yaml',
  `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: claude }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: openai }
spec:
  protocol: openai
  baseUrl: https://api.openai.com/v1
  models: [{ name: gpt-4o, aliases: [best] }, { name: own }]
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: trial }
spec: { protocol: scripted, models: [{ name: gpt-4o, order: 2 }] }
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: daily }
spec: { limit: { usd: "5" }, window: total, softLimitPercent: 80 }
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: each }
spec: { limit: { calls: 2 }, window: total, per: agent }
`,
)
const { url } = await w.startController()
const spent = (some: Partial<NewEntry>): NewEntry =>
  entry({ phase: 'outcome', status: 'succeeded', session: 's-1', kind: 'model', ...some })
const at = new Date(Date.now() - 60_000).toISOString()

await until(async () => (await w.get(url, '/api/v1/models')).status === 200)
await until(
  async () =>
    ((await (await w.get(url, '/api/v1/models')).json()) as { models: object[] }).models.length > 0,
)
const stored = await fetch(new URL('/api/v1/records', url), {
  method: 'POST',
  headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
  body: [
    spent({
      ...{ time: at, call: 'one', model: 'gpt-4o', costMicroUsd: 4_200_000 },
      ...{ usage: { inputTokens: 12_000, outputTokens: 1000 }, usageSource: 'provider' },
    }),
    spent({
      ...{ time: at, call: 'two', model: 'own', usage: { inputTokens: 5, outputTokens: 1 } },
      ...{ usageSource: 'estimated', costSource: 'unpriced' },
    }),
  ]
    .map((entry, i) => line('proxy-a', i + 1, entry))
    .join(''),
})
if (!stored.ok) throw new Error(await stored.text())

// A counter of one agent is there once a proxy has asked for it.
const { namespaces } = (await (await w.get(url, '/api/v1/status')).json()) as {
  namespaces: { digest: string }[]
}
const post = async (path: string, body: object) => {
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
const start = { proxy: 'proxy-a', run: 'run-1' }
await post('/api/v1/budgets/runs', { ...start, firstSeq: 1, start: 1 })
await post('/api/v1/budgets/leases', {
  ...{ namespace: 'default', budget: 'each', counter: 'claude', window: '' },
  ...{ ...start, lease: 'lease-1', table: namespaces[0]?.digest, need: 1 },
})

const where = ['--url', url.href, '--token', tokens.admin]

t.test('usage is added up for people, and told whole to programs', async t => {
  t.strictSame(await writ(['usage', ...where]), {
    code: 0,
    out: [
      'model   calls  failed   input  output   cost',
      'gpt-4o      1       0  12,000   1,000  $4.20',
      'own         1       0       5       1  $0.00  and 1 without a price',
      'in all      2       0  12,005   1,001  $4.20  and 1 without a price',
      '',
    ].join('\n'),
    err: '1 calls are counted by estimate\n',
  })
  const json = await writ(['usage', ...where, '--by', 'agent', '--since', '1h', '-o', 'json'])
  t.match(JSON.parse(json.out), { totals: { calls: 2 }, by: { agent: { groups: 1 } } })
  const none = await writ(['usage', ...where, '--agent', 'nobody'])
  t.strictSame(none, { code: 0, out: '', err: 'nothing was used in this time\n' })
})

t.test('budgets say what is left, and end with 1 when nothing is', async t => {
  const { code, out, err } = await writ(['budgets', ...where])
  t.strictSame({ code, err }, { code: 1, err: '' })
  t.strictSame(out.split('\n'), [
    'default/daily                  $4.20    of $5.00  $0.80 left    total',
    'default/each   agent claude  2 calls  of 2 calls  0 calls left  total',
    '',
  ])
  t.equal((await writ(['budgets', 'daily', ...where])).code, 0)
  const json = await writ(['budgets', 'daily', ...where, '-o', 'json'])
  t.match(JSON.parse(json.out), [{ budget: 'daily', spent: 4_200_000, remaining: 800_000 }])
})

t.test('on a terminal bars show how much of a budget is spent', async t => {
  const stream = Object.assign(new PassThrough(), { isTTY: true })
  const out = sink(stream, { NO_COLOR: '1' })
  let code: ExitCode = 0
  const terminal = {
    ...{ out, err: sink(new PassThrough(), {}), input: Readable.from([]), env: {} },
    progress: () => undefined,
    end: (ended: ExitCode) => {
      code = ended
    },
  }
  await budgetsCommand(terminal).parseAsync(where, { from: 'user' })
  stream.end()
  const [daily, each] = (await text(stream)).split('\n')
  t.match(daily, /^█{17}░{3} {2}default\/daily/)
  t.match(each, /^█{20} {2}default\/each/)
  t.equal(code, 1)
})

t.test('models say who offers them and whence their price is', async t => {
  const { code, out, err } = await writ(['models', ...where])
  t.equal(code, 0)
  t.strictSame(out.split('\n'), [
    'model           aliases  provider          input  output  price from',
    'default/gpt-4o  best     openai            $2.50  $10.00  catalogue',
    '                         trial (scripted)  $2.50  $10.00  catalogue',
    'default/own              openai                           not known',
    '',
  ])
  t.match(err, /^catalogue: litellm .*, of \d{4}-\d\d-\d\d\n$/)
})

t.test('sessions say who called when, and what it came to', async t => {
  const { out } = await writ(['sessions', ...where])
  t.strictSame(out.split('\n'), [
    'last call                 agent           models  tools  tokens     cost  session',
    `${at}  default/claude       2      0  13,006  $4.20+?  s-1`,
    '',
  ])
  const json = await writ(['sessions', ...where, '-o', 'json', '--agent', 'claude'])
  t.match(JSON.parse(json.out), [{ id: 's-1', agent: 'claude', modelCalls: 2 }])
  const none = await writ(['sessions', ...where, '--user', 'nobody'])
  t.match(none, { out: '', err: 'no session called anything in this time\n' })
})

t.test('money is never shown as less than it is', async t => {
  t.strictSame(
    [0, 1, 120, 9999, 10_000, 10_001, 1_234_560_000].map(amount => usdText(amount)),
    ['$0.00', '$0.000001', '$0.00012', '$0.009999', '$0.01', '$0.02', '$1,234.56'],
  )
  t.equal(amountText('tokens', 12_345), '12,345 tokens')
  t.equal(amountText('usd', 2_500_000), '$2.50')
  t.equal(amountText('usd', 999_999, Math.floor), '$0.99', 'and what is left not as more')
})

t.test(
  'another catalogue of prices makes other tables, and one that is none is refused',
  async t => {
    const folder = t.testdir({
      'a.yaml': `
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: trial }
spec: { protocol: scripted, models: [{ name: gpt-4o }] }
`,
      'prices.json': JSON.stringify({
        ...{ format: 'writ.dev/prices/v1', source: 'ours 1', date: '2026-11-01' },
        vendors: [
          { name: 'x', hosts: [], elsewhere: true, models: { 'gpt-4o': { input: 1, output: 2 } } },
        ],
      }),
      'wrong.json':
        '{ "format": "writ.dev/prices/v1", "source": "x", "date": "today", "vendors": [] }',
      'broken.json': '{',
    })
    const check = (prices: string[]) => writ(['check', `${folder}/a.yaml`, '-o', 'json', ...prices])
    const [shipped, own] = await Promise.all([
      check([]),
      check(['--prices', `${folder}/prices.json`]),
    ])
    t.equal(own.code, 0)
    t.not(JSON.parse(own.out).table, JSON.parse(shipped.out).table)
    for (const [file, why] of [
      ['wrong.json', /is no catalogue of prices: \/date must match pattern/],
      ['broken.json', /is no catalogue of prices: it is not JSON/],
      ['none.json', /is no catalogue of prices: it cannot be read/],
    ] as const) {
      const { code, err } = await check(['--prices', `${folder}/${file}`])
      t.equal(code, 2)
      t.match(err, why)
    }
  },
)
