import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type {
  BudgetLeaseRenewal,
  BudgetLeaseRequest,
  BudgetRun,
} from '../../../schemas/budget-lease.ts'
import { embeddedStores, postgresStores, type StoreKind } from '../stores.ts'
import { until } from '../world.ts'
import {
  type BudgetWorld,
  balanced,
  budget,
  budgetWorld,
  sums,
  type TestProxy,
} from './budget-world.ts'

const money = budget('money', '{ limit: { usd: "0.001" }, window: total }')

interface Doing {
  readonly step: 'grant' | 'renew' | 'start' | 'hand' | 'write off'
  readonly request?: BudgetLeaseRequest
  readonly renewal?: BudgetLeaseRenewal
  readonly run?: BudgetRun
  readonly lines?: readonly string[]
  readonly later?: number
}

/** The program is read once and started many times. */
const cache = t.testdir()

/** Runs the program; false when it killed itself. */
function survives(
  databaseUrl: string,
  dieAfter: number,
  now: number,
  doing: Doing,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const { step, later = 0, ...rest } = doing
  const input = JSON.stringify({ now: now + later, ...rest })
  const program = join(import.meta.dirname, 'dying-program.ts')
  const args = [program, '', databaseUrl, `${dieAfter}`, step, input]
  execFile(process.execPath, args, { env: { NODE_COMPILE_CACHE: cache } }, error => {
    if (error === null) resolve(true)
    else if (error.signal === 'SIGKILL') resolve(false)
    else reject(error)
  })
  return promise
}

type Sums = Readonly<Record<'spent' | 'reserved' | 'remaining', number>>

async function killed(t: Test, stores: StoreKind): Promise<void> {
  /** Does a step, killed at another point each time, until it gets through: then it is all there, and before that not at all. */
  const atEveryPoint = async (
    t: Test,
    seen: readonly [before: Sums, after: Sums],
    prepared: (world: BudgetWorld, proxy: TestProxy) => Promise<Doing>,
    stride = 1,
  ): Promise<void> => {
    for (let point = 1, through = false; !through; point += stride) {
      const world = await budgetWorld(await stores.empty(), [money])
      const proxy = world.proxy()
      await proxy.start()
      const doing = await prepared(world, proxy)
      through = await survives(stores.url ?? '', point, world.clock.now, doing)
      const now = await sums(world, 'money')
      const [before, after] = seen
      const unchanged = JSON.stringify(now) === JSON.stringify(before)
      if (!unchanged || through) t.strictSame(now, after, `at ${point}`)
      const flaws = await world.flaws()
      if (flaws.length > 0) t.strictSame(flaws, [], `at ${point}`)
      if (!through) await survives(stores.url ?? '', 0, world.clock.now, doing)
      t.strictSame(await sums(world, 'money'), after, 'once more, and it is done')
      await balanced(t, world)
    }
  }

  const fresh = { spent: 0, reserved: 0, remaining: 1000 }
  const lent = { spent: 0, reserved: 500, remaining: 500 }

  t.test('of a lease leaves one or none, and the proxy gets it by asking again', async t => {
    await atEveryPoint(t, [fresh, lent], async (_world, proxy) => ({
      step: 'grant',
      request: proxy.request('money', 100),
    }))
  })

  t.test('of a renewal leaves the lease as it was, or as it was asked', async t => {
    const after = { spent: 0, reserved: 150, remaining: 850 }
    await atEveryPoint(t, [lent, after], async (_world, proxy) => {
      const { id, fence } = await proxy.lease('money', 100)
      const leases = [{ id, fence, used: 50, held: 60, keep: 40 }]
      return { step: 'renew', renewal: { proxy: proxy.id, run: proxy.run, leases } }
    })
  })

  t.test('of entries that are stored leaves them charged once, or not there', async t => {
    const after = { spent: 70, reserved: 430, remaining: 500 }
    await atEveryPoint(t, [lent, after], async (_world, proxy) => {
      const lease = await proxy.lease('money', 100)
      return { step: 'hand', lines: [proxy.outcome(lease, 30), proxy.outcome(lease, 40)] }
    })
  })

  t.test('of a start of a proxy leaves its old leases, or frees them', async t => {
    const after = { spent: 30, reserved: 0, remaining: 970 }
    await atEveryPoint(
      t,
      [{ spent: 30, reserved: 470, remaining: 500 }, after],
      async (_, proxy) => {
        await proxy.spend(await proxy.lease('money', 100), 30)
        const run = { proxy: proxy.id, run: 'run 2', firstSeq: proxy.seq + 1, start: 2 }
        return { step: 'start', run }
      },
    )
  })

  t.test('of writing off leaves the lease, or what it was as spent', async t => {
    const after = { spent: 500, reserved: 0, remaining: 500 }
    await atEveryPoint(
      t,
      [{ spent: 30, reserved: 470, remaining: 500 }, after],
      async (_, proxy) => {
        await proxy.spend(await proxy.lease('money', 100), 30)
        return { step: 'write off', later: 2 * 86_400_000 }
      },
    )
  })
}

const postgres = await postgresStores(t)

t.test('a controller that is killed between any two steps', async t => {
  if (typeof postgres === 'string') t.pass(`skipped: ${postgres}`)
  else await killed(t, postgres)
})

t.test(
  'a database that is killed leaves what was acknowledged, and books that balance',
  async t => {
    if (typeof postgres === 'string') {
      t.pass(`skipped: ${postgres}`)
      return
    }
    const store = await postgres.empty()
    const world = await budgetWorld(store, [money])
    const proxy = world.proxy()
    await proxy.start()
    const lease = await proxy.lease('money', 400)
    const lines = Array.from({ length: 60 }, () => proxy.outcome(lease, 2))
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(store.db)
    const handing = lines.map(line =>
      proxy.hand(line).then(
        () => true,
        () => false,
      ),
    )
    await Promise.race(handing)
    // All sessions end with one that dies so, and what was not committed is undone.
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
    const kept = (await Promise.all(handing)).filter(Boolean).length
    t.ok(kept > 0 && kept < lines.length, `${kept} of ${lines.length} were acknowledged`)
    await until(() => store.answers())
    const { spent } = await world.counter('money')
    t.ok(spent >= 2 * kept, `${spent} spent`)
    await balanced(t, world)
    await proxy.hand(...lines)
    t.strictSame(await sums(world, 'money'), { spent: 120, reserved: 280, remaining: 600 })
    await balanced(t, world)
  },
)

t.test('an embedded store that is opened again has the same books', async t => {
  const stores = await embeddedStores(t)
  const before = await stores.open(t)
  const world = await budgetWorld(before, [money])
  const proxy = world.proxy()
  await proxy.start()
  await proxy.spend(await proxy.lease('money', 100), 70)
  const seen = await sums(world, 'money')
  await before.close()
  const after = await stores.again(t)
  const again = await budgetWorld(after, [money])
  t.strictSame(await sums(again, 'money'), seen)
  await balanced(t, again)
})
