import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { verifyBudgets } from '../../../controller/budgets/verify.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { type ServingWrit, serve } from '../../cli/writ.ts'
import { postgresStores } from '../stores.ts'
import { until } from '../world.ts'
import { type PaidProvider, paidProvider, prices } from './paid-provider.ts'

const limit = 4_000_000
const mostCallers = 1000
const proxyCount = 5
const maxTokens = 300
/** What a call needs at the least: its input, bounded generously, and an answer that is of use. */
const leastCall = 2000 * prices.input + maxTokens * prices.output

const key = 'the-key-of-the-bot'
const tokens = { WRIT_ADMIN_TOKEN: 'token-of-the-people', WRIT_PROXY_TOKEN: 'token-of-the-proxies' }

const policies = (provider: PaidProvider) => `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, apiKeys: [{ name: laptop, sha256: ${createHash('sha256').update(key).digest('hex')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec: { models: [{ name: "*", rules: [{ action: allow }] }] }
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: paid }
spec:
  protocol: openai
  baseUrl: ${provider.url}
  models: [{ name: small, price: { input: "${prices.input}", output: "${prices.output}" } }]
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: money }
spec: { limit: { usd: "${limit / 1e6}" }, window: total }
`

/** A process that can be killed and started again where it was. */
class Part {
  readonly url: string
  readonly #start: () => Promise<ServingWrit>
  #running: Promise<ServingWrit>

  constructor(url: string, start: () => Promise<ServingWrit>) {
    this.url = url
    this.#start = start
    this.#running = start()
  }

  async ready(): Promise<void> {
    await this.#running
  }

  /** Ends it as kill -9 does, or in order, and starts it again a little later. */
  restart(how: 'kill' | 'stop'): Promise<unknown> {
    this.#running = this.#running.then(async running => {
      await running[how]()
      await after(Math.random() * 300)
      return this.#started()
    })
    return this.#running
  }

  /** As whoever looks after processes does: what ends because the database is away is started again. */
  async #started(): Promise<ServingWrit> {
    for (let tries = 1; ; tries += 1) {
      const started = await this.#start().catch(error => {
        if (tries === 20) throw error
      })
      if (started) return started
      await after(200)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A controller and proxies, each a process on its own port and folder. */
async function installation(t: Test, databaseUrl: string, provider: PaidProvider) {
  const root = mkdtempSync(join(tmpdir(), 'writ-overspend-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
  mkdirSync(join(root, 'policies'))
  writeFileSync(join(root, 'policies', 'all.yaml'), policies(provider))
  const part = async (name: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
    const port = await freePort()
    const options = ['--port', `${port}`, '--data', join(root, name)]
    const start = () =>
      serve([...args, ...options], { cwd: root, env: { ...tokens, ...env } }, end =>
        t.teardown(end),
      )
    return new Part(`http://127.0.0.1:${port}`, start)
  }
  const controller = await part('controller', ['controller', join(root, 'policies')], {
    WRIT_DATABASE_URL: databaseUrl,
  })
  await controller.ready()
  const proxies = await Promise.all(
    Array.from({ length: proxyCount }, (_, i) =>
      part(`proxy-${i}`, ['proxy', '--controller', controller.url], {}),
    ),
  )
  await Promise.all(proxies.map(proxy => proxy.ready()))
  return { controller, proxies }
}

type Answer = 'answered' | 'refused' | 'failed'

const connections = new Agent({ keepAlive: true, maxSockets: 500 })

/** One call: answered, refused because the budget is used up, or failed in any other way. */
async function call({ url }: Part): Promise<Answer> {
  const body = JSON.stringify({
    model: 'small',
    max_tokens: maxTokens,
    messages: [{ role: 'user', content: 'x'.repeat(Math.floor(Math.random() * 300)) }],
  })
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const sent = request(`${url}/openai/v1/chat/completions`, {
    ...{ method: 'POST', headers, agent: connections },
  })
  sent.on('error', () => resolve('failed'))
  sent.on('response', response => {
    text(response).then(
      said => {
        if (response.statusCode === 200) resolve('answered')
        else resolve(said.includes('budget_exceeded') ? 'refused' : 'failed')
      },
      () => resolve('failed'),
    )
  })
  sent.end(body)
  return promise
}

/**
 * Calls until it was refused so many times: money that calls in flight or killed proxies have set aside may come back.
 * After every failure it is the turn of another proxy. How many answers there were.
 */
async function exhaust(proxies: readonly Part[], first: number, refusals: number): Promise<number> {
  let answers = 0
  let refused = 0
  for (let at = first; refused < refusals; ) {
    const proxy = proxies[at % proxies.length]
    const answer = proxy === undefined ? 'failed' : await call(proxy)
    if (answer === 'answered') answers += 1
    else if (answer === 'refused') refused += 1
    else at += 1
    if (answer !== 'answered') await after(answer === 'refused' ? 1000 + Math.random() * 1000 : 300)
  }
  return answers
}

async function counter({ db }: Store): Promise<{ spent: number; leased: number }> {
  const row = await db
    .selectFrom('budget_counters')
    .select(['spent', 'leased'])
    .executeTakeFirst()
    .catch(() => undefined)
  return row ?? { spent: 0, leased: -1 }
}

t.test('a limit holds while everything is killed: overspend is $0.00', async t => {
  const stores = await postgresStores(t)
  if (typeof stores === 'string') {
    t.pass(`skipped: ${stores}`)
    return
  }
  const store = await stores.empty()
  const provider = await paidProvider(t)
  const { controller, proxies } = await installation(t, stores.url ?? '', provider)
  t.teardown(() => connections.destroy())

  const killDatabase = async () => {
    // All sessions end with one that dies so, and what was not committed is undone.
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(store.db)
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
    await until(() => store.answers())
  }
  const kills = [
    ...proxies.map(proxy => () => proxy.restart('kill')),
    () => controller.restart('kill'),
    killDatabase,
  ]
    .map(kill => ({ kill, order: Math.random() }))
    .sort((a, b) => a.order - b.order)

  let callers = mostCallers
  const load = Array.from({ length: mostCallers }, async (_, i) => {
    const answers = await exhaust(proxies, i, 8)
    callers -= 1
    return answers
  })
  const restarts: Promise<unknown>[] = []
  for (const [i, { kill }] of kills.entries()) {
    const due = (i * limit * 0.5) / kills.length
    await until(() => callers === 0 || provider.taken() >= due)
    if (callers > 0) restarts.push(kill())
  }
  const answered = (await Promise.all(load)).reduce((a, b) => a + b, 0)
  await Promise.all(restarts)
  t.comment(`${restarts.length} were killed and started again; ${answered} calls were answered`)
  t.comment(`${provider.requests()} requests took ${provider.taken()} of ${limit} micro-USD`)
  t.equal(restarts.length, kills.length, 'everything was killed while calls went on')
  t.ok(provider.taken() <= limit, 'overspend is $0.00')

  /** Ends every proxy in order and starts it anew, until nothing is leased any more. */
  const settle = async () => {
    await Promise.all(proxies.map(proxy => proxy.restart('stop')))
    await until(async () => (await counter(store)).leased === 0)
    return counter(store)
  }
  await settle()
  await exhaust(proxies.slice(0, 1), 0, 1)
  const { spent } = await settle()
  t.comment(`${spent} of ${limit} micro-USD are spent, ${provider.taken()} were taken`)
  t.ok(provider.taken() <= spent && spent <= limit, 'no money is spent that nobody counted')
  t.ok(limit - spent < leastCall, `under-use is below one call: ${limit - spent} < ${leastCall}`)
  const { rows } = await sql<{ cost: number; reported: number }>`
    select sum(cost_micro_usd)::float8 as cost,
      (sum(cost_micro_usd) filter (where usage_source = 'provider'))::float8 as reported
    from usage`.execute(store.db)
  const { cost = 0, reported = 0 } = rows[0] ?? {}
  t.equal(cost, spent, 'the sum of the ledger is that of the counter')
  t.ok(
    reported > 0 && reported <= provider.taken(),
    'only calls that were lost cost more than they took',
  )
  t.strictSame(await verifyBudgets(store.db), [], 'the books balance')
})
