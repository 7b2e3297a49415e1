import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { openStore, type Store } from '../../../controller/store/open-store.ts'
import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import { postgresStores } from '../stores.ts'
import { until } from '../world.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  noon,
  person,
  restarted,
  sha256,
} from './approval-world.ts'

const grant = {
  uses: 3,
  expires: new Date(noon + 3_600_000).toISOString(),
  args: { call: 'equal' },
} as const

const answer = { decision: 'approve', reason: 'fine', grant } as const

interface Doing {
  readonly step: 'ask' | 'decide' | 'claim' | 'sweep'
  readonly now?: number
  readonly id?: string
  readonly question?: ApprovalQuestion
  readonly claim?: unknown
}

/** The program is read once and started many times. */
const cache = t.testdir()

/** Runs the program; how many statements it took, or null when it killed itself. */
function dying(
  place: { readonly folder: string; readonly databaseUrl: string },
  dieAfter: number,
  { step, ...rest }: Doing,
): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const program = join(import.meta.dirname, 'dying-program.ts')
  const input = JSON.stringify({ now: noon, answer, actor: person('ana'), ...rest })
  const args = [program, place.folder, place.databaseUrl, `${dieAfter}`, step, input]
  execFile(process.execPath, args, { env: { NODE_COMPILE_CACHE: cache } }, (error, stdout) => {
    if (error === null) resolve(Number(stdout))
    else if (error.signal === 'SIGKILL') resolve(null)
    else reject(error)
  })
  return promise
}

/** A question about a call of its own, which only its own grant covers. */
function questionOf({ question }: ApprovalWorld, call: string): ApprovalQuestion {
  const digest = `sha256:${sha256(JSON.stringify(['default', 'pay', 'call', call]))}`
  return question({ call, argDigests: { call: digest } })
}

/** Everything that is stored about a call, to see that it is all there or not at all. */
async function stored({ db }: Store, { digest }: ApprovalQuestion): Promise<string> {
  const { rows } = await sql<{ stored: string }>`
    select concat_ws(' ', state,
      (select count(*) from approval_votes v where v.request_id = r.id) || ' votes',
      (select count(*) from approval_grants g where g.request_id = r.id) || ' grants',
      (select count(*) from approval_grant_uses u where u.request_id = r.id) || ' uses',
      (select string_agg(type, ' ' order by id) from approval_events e
       where e.request_id = r.id and type <> 'attempt_refused')
    ) as stored from approval_requests r where digest = ${digest} order by requested_at`.execute(db)
  return rows.map(({ stored }) => stored).join(', ')
}

const nothing = ''
const asked = 'pending 0 votes 0 grants 0 uses created'
const approved = 'approved 1 votes 1 grants 1 uses created vote approved granted'
const consumed = `${approved} consumed`.replace('approved', 'consumed')
const expired = 'expired 0 votes 0 grants 0 uses created expired'

/** Answers again, as somebody does who saw no answer, and makes the call. */
async function finish(t: Test, store: Store, world: ApprovalWorld, question: ApprovalQuestion) {
  const { approvals, claim } = world
  const before = await stored(store, question)
  const { id } = await approvals.ask(question)
  const { outcome } = await approvals.decide(id, answer, person('ana'))
  t.equal(outcome, before === asked ? 'counted' : 'refused', before)
  t.equal(await stored(store, question), approved)
  t.match(await approvals.claim(id, claim(question)), { granted: true })
  t.match(await approvals.claim(id, claim(question, { call: 'another' })), { granted: false })
}

t.test('a controller that is killed between any two steps', async t => {
  const stores = await postgresStores(t)
  if (typeof stores === 'string') {
    t.pass(`skipped: ${stores}`)
    return
  }
  const place = { folder: '', databaseUrl: stores.url ?? '' }

  /**
   * Does a step, killed at another point each time (each of an answer and a claim, some of the others), until it gets through. What is stored then is what was
   * there before or all of what the step does, and both are seen.
   */
  const atEveryPoint = async (
    t: Test,
    { store, world }: { readonly store: Store; readonly world: ApprovalWorld },
    outcomes: readonly [before: string, after: string],
    doing: (question: ApprovalQuestion) => Promise<Doing>,
    stride = 1,
  ): Promise<readonly ApprovalQuestion[]> => {
    const calls: ApprovalQuestion[] = []
    const seen = new Set<string>()
    for (let point = 0, through = false; !through; point += stride) {
      const question = questionOf(world, `killed at ${point}`)
      calls.push(question)
      through = (await dying(place, point, await doing(question))) !== null
      seen.add(await stored(store, question))
    }
    t.strictSame([...seen].sort(), [...outcomes].sort(), `${calls.length} points`)
    return calls
  }

  const opened = async (t: Test) => {
    const store = await stores.empty()
    return { store, world: await approvalWorld(t, store) }
  }

  t.test('of a question leaves it asked or not', async t => {
    const { store, world } = await opened(t)
    const calls = await atEveryPoint(
      t,
      { store, world },
      [nothing, asked],
      async question => ({
        step: 'ask',
        question,
      }),
      3,
    )
    for (const question of calls) {
      t.equal((await world.approvals.ask(question)).state, 'pending')
      t.equal(await stored(store, question), asked, 'and it is there once')
    }
  })

  t.test('of an answer leaves it counted or not given', async t => {
    const { store, world } = await opened(t)
    const calls = await atEveryPoint(t, { store, world }, [asked, approved], async question => {
      const { id } = await world.approvals.ask(question)
      return { step: 'decide', id }
    })
    for (const question of calls) await finish(t, store, world, question)
  })

  t.test('of a claim leaves the call to be made, or made', async t => {
    const { store, world } = await opened(t)
    const ids = new Map<string, string>()
    const calls = await atEveryPoint(t, { store, world }, [approved, consumed], async question => {
      const { id } = await world.approvals.ask(question)
      await world.approvals.decide(id, answer, person('ana'))
      ids.set(question.call, id)
      return { step: 'claim', id, claim: world.claim(question) }
    })
    for (const question of calls) {
      const before = await stored(store, question)
      const id = ids.get(question.call) ?? ''
      const claimed = await world.approvals.claim(id, world.claim(question, { call: 'another' }))
      t.equal(claimed?.granted, before === approved)
      t.equal(await stored(store, question), consumed)
    }
  })

  t.test('of a sweep leaves refusals, and no approval', async t => {
    const { store, world } = await opened(t)
    const now = noon + 300_000
    const calls = await atEveryPoint(
      t,
      { store, world },
      [asked, expired],
      async question => {
        await world.approvals.ask(question)
        return { step: 'sweep', now }
      },
      2,
    )
    world.clock.now = now
    await world.approvals.sweep()
    for (const question of calls) t.equal(await stored(store, question), expired)
  })

  t.test('of the database leaves what was acknowledged, and nothing twice', async t => {
    const { store, world } = await opened(t)
    const { approvals } = world
    const questions = Array.from({ length: 60 }, (_, i) => questionOf(world, `call ${i}`))
    const ids = await Promise.all(questions.map(async asked => (await approvals.ask(asked)).id))
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(store.db)
    const answers = ids.map(id =>
      approvals.decide(id, answer, person('ana')).then(
        ({ outcome }) => outcome,
        () => 'not known',
      ),
    )
    await Promise.race(answers)
    // All sessions end with one that dies so, and what was not committed is undone.
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
    const outcomes = await Promise.all(answers)
    t.ok(outcomes.includes('counted') && outcomes.includes('not known'), outcomes.join(' '))
    await until(() => store.answers())
    for (const [i, question] of questions.entries()) {
      const now = await stored(store, question)
      t.ok(now === approved || (now === asked && outcomes[i] === 'not known'), now)
      await finish(t, store, world, question)
    }
  })
})

t.test('an embedded store outlives the kill as well', async t => {
  const folder = join(t.testdir({ store: {} }), 'store')
  const before = await openStore({ folder })
  const world = await approvalWorld(t, before)
  const questions = [3, 8, 0].map(point => questionOf(world, `killed at ${point}`))
  const ids = await Promise.all(questions.map(async asked => (await world.approvals.ask(asked)).id))
  await before.close()
  for (const [i, point] of [3, 8, 0].entries()) {
    const doing = { step: 'decide', id: ids[i] ?? '' } as const
    t.equal(await dying({ folder, databaseUrl: '' }, point, doing), null)
  }
  const after = await openStore({ folder })
  t.teardown(after.close)
  const again = await restarted(t, after, world)
  const found = await Promise.all(questions.map(question => stored(after, question)))
  t.strictSame(found, [asked, asked, approved], 'not told, but committed')
  for (const question of questions) await finish(t, after, again, question)
})
