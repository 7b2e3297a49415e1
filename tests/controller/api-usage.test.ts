import t from 'tap'
import type { OpenApi } from '../../controller/api/openapi.ts'
import type { NewEntry } from '../../proxy/journal/line.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { answerChecker } from './answer-checker.ts'
import { tokens, until, world } from './world.ts'

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
  models: [{ name: gpt-4o, aliases: [best] }, { name: own, price: { input: "1", output: "2" } }]
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: trial }
spec: { protocol: scripted, models: [{ name: gpt-4o, order: 2 }, { name: nobody-knows }] }
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: daily }
spec: { limit: { usd: "5" }, window: day, softLimitPercent: 80 }
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: each }
spec: { limit: { calls: 10 }, window: total, per: agent }
`,
)
const start = Date.parse('2026-11-21T10:00:00Z')
const { url } = await w.startController({ now: () => start })
const description = (await (await fetch(new URL('/openapi.json', url))).json()) as OpenApi
const wrong = answerChecker(description)

// biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
async function get(path: string, query: Record<string, string> = {}): Promise<any> {
  const answer = await w.get(url, `${path}?${new URLSearchParams(query)}`)
  const { status } = answer
  const body = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  const problem = wrong({ method: 'GET', path }, { status, type, body })
  if (problem !== null) throw new Error(problem)
  return { status, ...JSON.parse(body) }
}

const budgetsThere = async () => (await get('/api/v1/budgets')).counters.length > 0
await until(budgetsThere)

function outcome(some: Partial<NewEntry>): NewEntry {
  return entry({ phase: 'outcome', status: 'succeeded', session: 's-1', user: 'ana', ...some })
}

const entries: readonly NewEntry[] = [
  entry({ call: 'one', kind: 'model', model: 'gpt-4o' }),
  outcome({
    call: 'one',
    kind: 'model',
    provider: 'openai',
    model: 'gpt-4o',
    requestedModel: 'best',
    endpoint: '/openai/v1/responses',
    stream: true,
    usage: { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 400 },
    usageSource: 'provider',
    costMicroUsd: 4_000_000,
    costSource: 'catalogue',
    durationMs: 12.5,
    upstreamStatus: '200',
  }),
  outcome({
    ...{ call: 'two', time: '2026-11-21T09:30:00.000Z', kind: 'model', provider: 'trial' },
    ...{ model: 'nobody-knows', usage: { inputTokens: 5, outputTokens: 1 } },
    ...{ usageSource: 'estimated', costSource: 'unpriced' },
  }),
  outcome({ call: 'three', time: '2026-11-21T09:45:00.000Z', session: 's-2' }),
  outcome({ call: 'four', status: 'refused' }),
]

const stored = await fetch(new URL('/api/v1/records', url), {
  method: 'POST',
  headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
  body: entries.map((entry, i) => line('proxy-a', i + 1, entry)).join(''),
})
if (!stored.ok) throw new Error(await stored.text())

const nothing = {
  ...{ failedCalls: 0, unpricedCalls: 0, estimatedCalls: 0, inputTokens: 0, outputTokens: 0 },
  ...{ cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, costMicroUsd: 0 },
}
const first = {
  ...nothing,
  ...{ calls: 1, inputTokens: 1000, outputTokens: 100, cacheReadTokens: 400 },
  ...{ costMicroUsd: 4_000_000, lastAt: '2026-11-21T09:00:00.000Z' },
}
const second = {
  ...nothing,
  ...{ calls: 1, unpricedCalls: 1, estimatedCalls: 1, inputTokens: 5, outputTokens: 1 },
  lastAt: '2026-11-21T09:30:00.000Z',
}
const totals = {
  ...first,
  ...{ calls: 3, unpricedCalls: 1, estimatedCalls: 1, inputTokens: 1005, outputTokens: 101 },
  lastAt: '2026-11-21T09:45:00.000Z',
}

t.test('what was used adds up, and what has no price is counted apart', async t => {
  t.strictSame(await get('/api/v1/usage/summary'), {
    status: 200,
    since: '2026-10-22T10:00:00.000Z',
    totals,
    by: {
      day: { rows: [{ key: '2026-11-21', ...totals }], groups: 1 },
      model: {
        rows: [
          { key: 'gpt-4o', ...first },
          { key: 'nobody-knows', ...second },
        ],
        groups: 2,
      },
    },
    complete: true,
  })
})

t.test('sums are narrowed by words and times, and grouped as asked', async t => {
  const sums = await get('/api/v1/usage/summary', {
    ...{ since: '2026-11-21T09:30:00Z', until: '2026-11-21T09:40:00Z', agent: 'claude' },
    ...{ by: 'session,tool,provider', top: '1' },
  })
  t.strictSame(sums, {
    status: 200,
    since: '2026-11-21T09:30:00.000Z',
    until: '2026-11-21T09:40:00.000Z',
    totals: second,
    by: {
      session: { rows: [{ key: 's-1', ...second }], groups: 1 },
      tool: { rows: [{ key: 'read_file', ...second }], groups: 1 },
      provider: { rows: [{ key: 'trial', ...second }], groups: 1 },
    },
    complete: true,
  })
})

t.test('a word that is no filter or no group is refused', async t => {
  t.match(await get('/api/v1/usage/summary', { by: 'colour' }), { status: 400 })
  t.match(await get('/api/v1/usage', { colour: 'red' }), { status: 400 })
  t.match(await get('/api/v1/usage', { since: 'lately' }), {
    status: 400,
    detail: 'since is an instant such as 2026-11-21T09:00:00Z.',
  })
  t.match(await get('/api/v1/usage', { after: 'x' }), { status: 400 })
  t.match(await get('/api/v1/runtime-sessions', { after: 'bnVsbA' }), { status: 400 })
})

t.test('calls are told with all that is known of them, a page at a time', async t => {
  const page = await get('/api/v1/usage', { limit: '2' })
  t.strictSame(
    page.calls.map(({ call }: { call: string }) => call),
    ['three', 'two'],
  )
  const rest = await get('/api/v1/usage', { limit: '2', after: page.next })
  t.strictSame(rest, {
    status: 200,
    calls: [
      {
        proxy: 'proxy-a',
        seq: 2,
        call: 'one',
        time: '2026-11-21T09:00:00.000Z',
        namespace: 'default',
        agent: 'claude',
        user: 'ana',
        session: 's-1',
        kind: 'model',
        provider: 'openai',
        model: 'gpt-4o',
        requestedModel: 'best',
        server: 'files',
        tool: 'read_file',
        endpoint: '/openai/v1/responses',
        stream: true,
        status: 'succeeded',
        upstreamStatus: '200',
        inputTokens: 1000,
        outputTokens: 100,
        cacheReadTokens: 400,
        costMicroUsd: 4_000_000,
        costSource: 'catalogue',
        usageSource: 'provider',
        durationMs: 12.5,
      },
    ],
    next: null,
  })
})

t.test('sessions say what each of them used', async t => {
  const page = await get('/api/v1/runtime-sessions', { limit: '1' })
  t.match(page.sessions, [{ id: 's-2', toolCalls: 1, modelCalls: 0, costMicroUsd: 0 }])
  const { lastAt: _, ...used } = { ...totals, calls: 2 }
  t.strictSame(await get('/api/v1/runtime-sessions', { after: page.next }), {
    status: 200,
    sessions: [
      {
        id: 's-1',
        namespace: 'default',
        agent: 'claude',
        user: 'ana',
        startedAt: '2026-11-21T09:00:00.000Z',
        lastActivity: '2026-11-21T09:30:00.000Z',
        lastModel: 'nobody-knows',
        modelCalls: 2,
        toolCalls: 0,
        ...used,
      },
    ],
    next: null,
  })
})

t.test('budgets say what is left, for whom, and until when', async t => {
  const { counters } = await get('/api/v1/budgets', { namespace: 'default' })
  t.match(counters, [
    {
      ...{ namespace: 'default', budget: 'daily', counter: '', per: 'namespace', unit: 'usd' },
      ...{ window: '2026-11-21T00:00:00.000Z', windowKind: 'day', limit: 5_000_000, extended: 0 },
      ...{ reserved: 0, softLimit: 4_000_000, resetsAt: '2026-11-22T00:00:00.000Z', leases: [] },
    },
  ])
  t.strictSame((await get('/api/v1/budgets', { budget: 'other' })).counters, [])
  t.strictSame((await get('/api/v1/budgets', { namespace: 'elsewhere' })).counters, [])
})

t.test('models say who offers them, in which order, and whence their price is', async t => {
  const { models, catalogues } = await get('/api/v1/models')
  t.strictSame(models, [
    {
      namespace: 'default',
      name: 'gpt-4o',
      aliases: ['best'],
      providers: [
        {
          provider: 'openai',
          protocol: 'openai',
          upstream: 'gpt-4o',
          order: 1,
          price: { input: 2_500_000, output: 10_000_000, cacheRead: 1_250_000 },
          priceFrom: 'catalogue',
          maxOutputTokens: 16_384,
        },
        {
          provider: 'trial',
          protocol: 'scripted',
          upstream: 'gpt-4o',
          order: 2,
          price: { input: 2_500_000, output: 10_000_000, cacheRead: 1_250_000 },
          priceFrom: 'catalogue',
          maxOutputTokens: 16_384,
        },
      ],
    },
    {
      namespace: 'default',
      name: 'nobody-knows',
      aliases: [],
      providers: [{ provider: 'trial', protocol: 'scripted', upstream: 'nobody-knows', order: 1 }],
    },
    {
      namespace: 'default',
      name: 'own',
      aliases: [],
      providers: [
        {
          provider: 'openai',
          protocol: 'openai',
          upstream: 'own',
          order: 1,
          price: { input: 1_000_000, output: 2_000_000 },
          priceFrom: 'provider',
        },
      ],
    },
  ])
  t.match(catalogues, [{ namespace: 'default', source: /^litellm/, date: /^\d{4}-/ }])
  t.strictSame((await get('/api/v1/models', { namespace: 'other' })).models, [])
})
