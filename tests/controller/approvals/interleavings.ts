import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Test } from 'tap'
import type { Store } from '../../../controller/store/open-store.ts'
import type { ApprovalState } from '../../../schemas/approval-state.ts'
import type { StoreKind } from '../stores.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  noon,
  payments,
  people,
  person,
  restarted,
} from './approval-world.ts'
import { after, type Model, type Rules, type Slot, type Step } from './model.ts'

const hour = 3_600_000

/** Random runs; `WRIT_RANDOM_RUNS` asks for more. */
const runs = Number(process.env.WRIT_RANDOM_RUNS ?? 20)

const start: Model = {
  now: noon,
  rules: 'ask',
  team: ['ana', 'ben', 'cleo', 'dan'],
  requests: { a: [], b: [] },
}

/** What is written when the rules are so and the team is that. */
function texts(rules: Rules, team: readonly string[]): readonly string[] {
  const members = people.replace('[ana, ben, cleo, dan]', `[${team.join(', ')}]`)
  if (rules === 'gone') return [members]
  return [members, payments(['two'], rules === 'ask' ? 'require_approval' : 'deny')]
}

/** The system under test; calls are counted where a proxy would make them. */
interface Real {
  world: ApprovalWorld
  readonly store: Store
  readonly restart: () => Promise<ApprovalWorld>
  /** Ids of each call's requests, oldest first. */
  readonly ids: Record<Slot, string[]>
  /** How often each request released its call. */
  readonly released: Map<string, number>
}

async function perform(real: Real, step: Step): Promise<void> {
  const { world, ids } = real
  const { approvals, clock } = world
  switch (step.do) {
    case 'wait':
      clock.now += step.ms
      return
    case 'publish':
      return world.publish(...texts(step.rules, step.team))
    case 'restart':
      real.world = await real.restart()
      return
    case 'sweep':
      return void (await approvals.sweep())
    case 'reconsider':
      return approvals.reconsider('default')
    case 'ask': {
      const { id } = await approvals.ask(questionOf(world, step.slot))
      if (!ids[step.slot].includes(id)) ids[step.slot].push(id)
      return
    }
    default:
      return answer(real, step)
  }
}

async function answer(
  { world, ids, released }: Real,
  step: Extract<Step, { slot: Slot }>,
): Promise<void> {
  const id = ids[step.slot].at(-1)
  if (id === undefined) return
  if (step.do === 'cancel') await world.approvals.cancel(id, 'over', person('ana'))
  if (step.do === 'approve' || step.do === 'deny') {
    await world.approvals.decide(id, { decision: step.do }, person(step.user))
  }
  if (step.do === 'claim') {
    const asked = world.claim(questionOf(world, step.slot), {
      call: randomUUID(),
      ...(step.as === 'changed' && { digest: `sha256:${'0'.repeat(64)}` }),
      ...(step.as === 'asking more' && { workflows: ['two', 'reasoned'] }),
    })
    const claimed = await world.approvals.claim(id, asked)
    if (claimed?.granted) released.set(id, (released.get(id) ?? 0) + 1)
  }
}

function questionOf({ question }: ApprovalWorld, slot: Slot) {
  return question({ workflows: ['two'], call: slot, digest: `sha256:${slot.repeat(64)}` })
}

type Seen = Readonly<Record<Slot, readonly string[]>>

function expected({ requests }: Model): Seen {
  const shown = (slot: Slot) =>
    requests[slot].map(({ state, votes }) => [state, ...votes].join(' '))
  return { a: shown('a'), b: shown('b') }
}

async function observed({ store, ids }: Real): Promise<Seen> {
  const { rows } = await sql<{ id: string; state: ApprovalState; votes: readonly string[] }>`
    select id, state, array(
      select decision || ' ' || user_name from approval_votes v
      where v.request_id = r.id order by (
        select min(e.id) from approval_events e
        where e.request_id = r.id and e.type = 'vote' and e.by_name = v.user_name
      )
    ) as votes from approval_requests r`.execute(store.db)
  const shown = (id: string) => {
    const row = rows.find(row => row.id === id)
    return [row?.state, ...(row?.votes ?? [])].join(' ')
  }
  return { a: ids.a.map(shown), b: ids.b.map(shown) }
}

/** What must hold whatever happens; null when it does. */
async function violation({ store, released }: Real): Promise<string | null> {
  const { rows } = await sql<{ id: string; state: string; ends: readonly string[] }>`
    select id, state, array(
      select type from approval_events e where e.request_id = r.id and e.type in
        ('approved', 'denied', 'expired', 'cancelled', 'consumed', 'void') order by e.id
    ) as ends from approval_requests r`.execute(store.db)
  for (const { id, state, ends } of rows) {
    const [first, second] = ends
    const path = ends.join(', ')
    if (state !== (ends.at(-1) ?? 'pending')) return `${id} is ${state} after ${path}`
    if (ends.length > 2) return `${id} went through ${path}`
    if (second !== undefined && first !== 'approved') return `${id} went through ${path}`
    if (released.get(id) !== (state === 'consumed' ? 1 : undefined)) {
      return `${id} is ${state} and was released ${released.get(id)} times`
    }
  }
  return null
}

type Holder = { model: Model }

/** Groups of steps, one group after another, the steps of a group at once: what comes out is what some order of them leads to. */
class InTurn implements fc.AsyncCommand<Holder, Real> {
  readonly groups: readonly (readonly Step[])[]

  constructor(...groups: readonly (readonly Step[])[]) {
    this.groups = groups
  }

  check = () => true

  async run(holder: Holder, real: Real): Promise<void> {
    for (const group of this.groups) await atOnce(group, holder, real)
  }

  toString = () => JSON.stringify(this.groups)
}

async function atOnce(steps: readonly Step[], holder: Holder, real: Real): Promise<void> {
  await Promise.all(steps.map(step => perform(real, step)))
  const seen = JSON.stringify(await observed(real))
  const possible = orders(steps).map(order => order.reduce(after, holder.model))
  const found = possible.find(model => JSON.stringify(expected(model)) === seen)
  if (found === undefined) {
    throw new Error(`seen ${seen}, possible ${possible.map(m => JSON.stringify(expected(m)))}`)
  }
  holder.model = found
  const broken = await violation(real)
  if (broken !== null) throw new Error(broken)
}

function orders<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, i) =>
    orders([...items.slice(0, i), ...items.slice(i + 1)]).map(rest => [item, ...rest]),
  )
}

const slot = fc.constantFrom<Slot>('a', 'a', 'a', 'b')
const user = fc.constantFrom('ana', 'ana', 'ben', 'ben', 'cleo', 'cleo', 'dan', 'mallory')
const team = fc.constantFrom(
  ['ana', 'ben', 'cleo', 'dan'],
  ['ana', 'ben', 'cleo', 'dan'],
  ['ben', 'cleo'],
  ['ana', 'cleo', 'dan'],
)

/** Steps that agents, people and time take; they may come together. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask'), slot }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('approve'), slot, user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deny'), slot, user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel'), slot }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim'), slot, as: fc.constant('asked') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('claim'),
      slot,
      as: fc.constantFrom('changed', 'asking more'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconsider') }) },
) as fc.Arbitrary<Step>

/** Steps that come alone, for they change the world of all others. */
const alone: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('wait'),
    ms: fc.constantFrom(1, hour - 1, hour, 24 * hour, -hour, -23 * hour),
  }),
  fc.record({
    do: fc.constant('publish'),
    rules: fc.constantFrom('ask', 'ask', 'ask', 'ask', 'ask', 'ask', 'deny', 'gone'),
    team,
  }),
  fc.record({ do: fc.constant('restart') }),
) as fc.Arbitrary<Step>

const ana = { do: 'approve', slot: 'a', user: 'ana' } as const
const ben = { do: 'approve', slot: 'a', user: 'ben' } as const

const commands = [
  step.map(one => new InTurn([one])),
  fc.array(step, { minLength: 2, maxLength: 4, size: 'max' }).map(steps => new InTurn(steps)),
  fc.array(step, { minLength: 2, maxLength: 4, size: 'max' }).map(steps => new InTurn(steps)),
  alone.map(one => new InTurn([one])),
  // What happens to an approval when the world changes is rarely come upon by chance.
  fc
    .tuple(alone, step)
    .map(([change, one]) => new InTurn([{ do: 'ask', slot: 'a' }], [ana, ben], [change], [one])),
]

/** Random steps, alone and at once, against the model. */
export async function interleaving(t: Test, stores: StoreKind): Promise<void> {
  t.test('whatever order things come in, approvals do what the design says', async t => {
    const property = fc.asyncProperty(
      fc.commands(commands, { maxCommands: 50, size: 'max' }),
      async steps => {
        const store = await stores.empty()
        const world = await approvalWorld(t, store, texts(start.rules, start.team))
        const real: Real = {
          world,
          store,
          ids: { a: [], b: [] },
          released: new Map(),
          restart: () => restarted(t, store, real.world),
        }
        await fc.asyncModelRun(() => ({ model: { model: start }, real }), steps)
      },
    )
    await fc.assert(property, { numRuns: runs })
    t.pass('it held')
  })
}
