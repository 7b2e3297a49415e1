import { setTimeout as after } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { mirrorApprovals } from '../../controller/kubernetes/approvals/mirror-approvals.ts'
import { KubeFailure } from '../../controller/kubernetes/failure.ts'
import { type Kube, openKube } from '../../controller/kubernetes/kube.ts'
import { run } from '../../lifecycle/run.ts'
import type { ApprovalQuestion } from '../../schemas/approval.ts'
import { copies, approvalWorld as stateMachine } from '../controller/approvals/approval-world.ts'
import { embeddedStores } from '../controller/stores.ts'
import { type ApprovalWorld, approvalWorld, expectDone } from './approval-world.ts'

/** Names at the API server are those of the directory of a company, and not those of Writ. */
const known = (name: string) => `${name}@example.com`

const user = (name: string, ...kubernetes: readonly string[]) => `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { namespace: team-a, name: ${name} }
spec: { identities: { kubernetes: ${JSON.stringify(kubernetes)} } }
---`

const workflow = (name: string, spec: string) => `
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { namespace: team-a, name: ${name} }
spec: ${spec}
---`

const policies = [
  ...['ana', 'ben', 'cleo', 'dan'].map(name => user(name, known(name))),
  user('eve', known('eve'), 'shared'),
  user('fay', 'shared'),
  workflow('one', '{ approvers: { users: [ana, ben, dan, eve, fay] }, timeout: 1h }'),
  workflow('two', '{ approvers: { users: [ana, ben] }, approvalsRequired: 2, timeout: 1h }'),
  workflow('reasoned', '{ approvers: { users: [ana] }, requireReason: true, timeout: 1h }'),
  `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { namespace: team-a, name: bot }
spec: { owner: dan, apiKeys: [{ name: laptop, sha256: "${'a'.repeat(64)}" }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { namespace: team-a, name: bank }
spec: { url: "https://bank.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { namespace: team-a, name: payments }
spec:
  tools:
    - name: pay_one
      rules: [{ name: one, action: require_approval, approvalWorkflow: one }]
    - name: pay_two
      rules: [{ name: two, action: require_approval, approvalWorkflow: two }]
    - name: pay_reasoned
      rules: [{ name: reasoned, action: require_approval, approvalWorkflow: reasoned }]
`,
].join('')

/** A cluster, a state machine in a store of its own, and what a test does with both. */
async function opened(t: Test) {
  const cluster = await approvalWorld(t)
  const stores = await embeddedStores(t)
  const store = await stores.open(t)
  const machine = await stateMachine(t, store, [policies])
  const kube = openKube({ kubeconfig: cluster.controller })
  const { approvals, clock, releases } = machine
  const logged: string[] = []
  const log = { info: () => undefined, warn: (_: object, text: string) => void logged.push(text) }
  return {
    ...cluster,
    ...{ store, machine, approvals, clock, kube, logged },
    /** Runs the mirror until it is stopped, or the test ends. */
    mirror(t: Test, some: Partial<Parameters<typeof mirrorApprovals>[0]> = {}) {
      const stop = new AbortController()
      const { directories } = releases
      const now = () => clock.now
      const needs = { kube, approvals, db: store.db, directories, now, log, ...some }
      const running = run([mirrorApprovals(needs)], stop.signal)
      const end = () => {
        stop.abort()
        return running
      }
      t.teardown(end)
      return end
    },
    ask: async (digest: string, some: Partial<ApprovalQuestion> = {}, workflow = 'one') => {
      const rule = { policy: 'payments', rule: workflow, file: 'team-a/payments', line: 7 }
      const { id } = await approvals.ask(
        machine.question({
          ...{ namespace: 'team-a', keySha256: 'a'.repeat(64), rule },
          ...{ name: `pay_${workflow}`, workflows: [workflow] },
          digest: `sha256:${digest.repeat(64).slice(0, 64)}`,
          ...some,
        }),
      )
      return id
    },
    /** Adds a decision as `kubectl` does. */
    answer: async (as: string, id: string, value: object) => {
      const body = JSON.stringify([{ op: 'add', path: '/status/decisions/-', value }])
      const target = ['approvalrequest', id, '-n', 'team-a', '--subresource=status']
      await expectDone(cluster.api.kubectl(['patch', ...target, '--type=json', '-p', body], { as }))
    },
    /** The object as soon as it is as asked for. */
    shown: (id: string, is: (object: Shown) => boolean = () => true) =>
      eventually(async () => {
        const object = await shownNow(cluster, id)
        return object !== null && is(object) ? object : null
      }),
    gone: (id: string) => eventually(async () => (await shownNow(cluster, id)) === null || null),
  }
}

interface Shown {
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly [field: string]: any
}

async function shownNow({ api }: Pick<ApprovalWorld, 'api'>, id: string): Promise<Shown | null> {
  const path = `/apis/writ.dev/v1alpha1/namespaces/team-a/approvalrequests/${id}`
  const { status, body } = await api.ask('GET', path)
  return status === 200 ? body : null
}

async function eventually<T>(look: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (Date.now() > end) throw new Error('it never came')
    await after(50)
  }
}

const answered = ({ status }: Shown) =>
  status.decisions.length > 0 &&
  status.decisions.every((decision: Shown) => decision.outcome !== undefined)
const isMirrored = ({ status }: Shown) => status.conditions !== undefined

t.test('questions in the Kubernetes API', async t => {
  const world = await opened(t)
  const { approvals, clock, ask, answer, shown } = world
  const names = ['one', 'two', 'reasoned']
  const ana = await world.person(known('ana'), ...names)
  const ben = await world.person(known('ben'), ...names)
  const cleo = await world.person(known('cleo'), ...names)
  const dan = await world.person(known('dan'), ...names)
  const shared = await world.person('shared', ...names)
  const deed = { at: '2026-11-21T12:00:00.000Z' }

  await t.test('a question that waits is shown, with everything that people need', async t => {
    world.mirror(t)
    const id = await ask('0', { justification: 'rent\u202eis due' })
    const { spec, status } = await shown(id, isMirrored)
    t.strictSame(spec, {
      digest: `sha256:${'0'.repeat(64)}`,
      ...{ agent: 'bot', apiKey: 'laptop', owner: 'dan' },
      ...{ kind: 'tool', server: 'bank', tool: 'pay_one' },
      args: '{\n  "amount": 10\n}',
      justification: 'rent\\u{202e}is due',
      workflow: 'one',
      workflows: [{ namespace: 'team-a', name: 'one' }],
      rule: { policy: 'payments', rule: 'one', file: 'team-a/payments', line: 7 },
      requestedAt: '2026-11-21T12:00:00.000Z',
      expiresAt: '2026-11-21T13:00:00.000Z',
    })
    t.strictSame(status, {
      state: 'pending',
      decisions: [],
      votes: [],
      workflows: [
        {
          ...{ name: 'one', required: 1, received: 0, requireReason: false },
          mayDecide: ['ana', 'ben', 'eve', 'fay'],
        },
      ],
      conditions: [
        {
          ...{ type: 'Resolved', status: 'False', reason: 'Pending' },
          message: 'People have not decided yet.',
          lastTransitionTime: '2026-11-21T12:00:00.000Z',
        },
      ],
    })
  })

  await t.test('a decision by plain kubectl approves it', async t => {
    world.mirror(t)
    const id = await ask('1')
    await shown(id)
    await answer(ana, id, { by: known('ana'), decision: 'approve', reason: 'as agreed' })
    const { status } = await shown(id, answered)
    const decided = { decision: 'approve', reason: 'as agreed' }
    t.strictSame(status, {
      state: 'approved',
      decisions: [
        { by: known('ana'), ...decided, ...deed, outcome: 'counted', message: 'It counts.' },
      ],
      votes: [{ user: 'ana', ...decided, surface: 'kubernetes', ...deed }],
      workflows: [
        {
          ...{ name: 'one', required: 1, received: 1, requireReason: false },
          mayDecide: ['ana', 'ben', 'eve', 'fay'],
        },
      ],
      resolvedAt: '2026-11-21T12:00:00.000Z',
      conditions: [
        {
          ...{ type: 'Resolved', status: 'True', reason: 'Approved' },
          message: 'The call may be made, once.',
          lastTransitionTime: '2026-11-21T12:00:00.000Z',
        },
      ],
    })
    const request = await approvals.get(id)
    t.strictSame(
      request?.votes.map(({ user, surface, identity }) => ({ user, surface, identity })),
      [{ user: 'ana', surface: 'kubernetes', identity: known('ana') }],
    )
  })

  await t.test('a denial ends it, with its reason', async t => {
    world.mirror(t)
    const id = await ask('2')
    await shown(id)
    await answer(ben, id, { by: known('ben'), decision: 'deny', reason: 'not today' })
    const { status } = await shown(id, answered)
    t.match(status, { state: 'denied', reason: 'not today', decisions: [{ outcome: 'counted' }] })
    t.match(status.conditions, [{ reason: 'Denied', message: 'The call is refused. not today' }])
  })

  await t.test('whom the workflow does not name changes nothing, and it is recorded', async t => {
    world.mirror(t)
    const id = await ask('3')
    await shown(id)
    await answer(cleo, id, { by: known('cleo'), decision: 'deny' })
    const { status } = await shown(id, answered)
    t.strictSame([status.state, status.votes], ['pending', []])
    t.match(status.decisions, [
      { outcome: 'not_an_approver', message: 'None of the workflows that are asked names you.' },
    ])
    t.match((await approvals.history(id)).slice(1), [
      { type: 'attempt_refused', by: 'cleo', surface: 'kubernetes', detail: /: not_an_approver$/ },
    ])
    await answer(shared, id, { by: 'shared', decision: 'approve' })
    const after = await shown(id, ({ status }) => status.decisions[1]?.outcome !== undefined)
    t.match(after.status, { state: 'pending', decisions: [{}, { outcome: 'not_an_approver' }] })
  })

  await t.test('the owner of an agent does not decide for it', async t => {
    world.mirror(t)
    const id = await ask('4')
    await shown(id)
    await answer(dan, id, { by: known('dan'), decision: 'approve' })
    const { status } = await shown(id, answered)
    t.match(status, { state: 'pending', decisions: [{ outcome: 'own_agent' }] })
  })

  await t.test('who forgot the reason answers again', async t => {
    world.mirror(t)
    const id = await ask('5', {}, 'reasoned')
    await shown(id)
    await answer(ana, id, { by: known('ana'), decision: 'approve' })
    await shown(id, answered)
    await answer(ana, id, { by: known('ana'), decision: 'approve', reason: 'as agreed' })
    const { status } = await shown(id, ({ status }) => status.state === 'approved')
    t.match(status.decisions, [{ outcome: 'reason_required' }, { outcome: 'counted' }])
  })

  await t.test('two people are two, wherever they answer', async t => {
    world.mirror(t)
    const id = await ask('6', {}, 'two')
    await shown(id)
    await answer(ana, id, { by: known('ana'), decision: 'approve' })
    await shown(id, answered)
    await answer(ana, id, { by: known('ana'), decision: 'approve' })
    const again = await shown(id, ({ status }) => status.decisions[1]?.outcome !== undefined)
    t.match(again.status.decisions, [{ outcome: 'counted' }, { outcome: 'already_voted' }])
    t.match(again.status, { state: 'pending', workflows: [{ required: 2, received: 1 }] })
    const actor = { user: 'ben', surface: 'slack', identity: 'U1', evidence: {} } as const
    await approvals.decide(id, { decision: 'approve' }, actor)
    const { status } = await shown(id, ({ status }) => status.state === 'approved')
    t.match(status.votes, [
      { user: 'ana', surface: 'kubernetes' },
      { user: 'ben', surface: 'slack' },
    ])
  })

  await t.test('a controller that dies before it writes back decides once', async t => {
    const id = await ask('7', {}, 'two')
    const end = world.mirror(t)
    await shown(id, isMirrored)
    await end()
    const lost: Kube = { ...world.kube }
    const { promise: died, resolve } = Promise.withResolvers<void>()
    lost.replace = async () => {
      resolve()
      throw new KubeFailure('unreachable', 'the API server cannot be reached')
    }
    const dying = world.mirror(t, { kube: lost })
    await answer(ana, id, { by: known('ana'), decision: 'approve' })
    await answer(cleo, id, { by: known('cleo'), decision: 'approve' })
    await died
    await dying()
    const before = await shown(id)
    t.notOk(before.status.decisions[0].outcome)
    world.mirror(t)
    const { status } = await shown(id, answered)
    t.match(status.decisions, [{ outcome: 'counted' }, { outcome: 'not_an_approver' }])
    const events = (await approvals.history(id)).map(({ type }) => type)
    t.strictSame(events, ['created', 'vote', 'attempt_refused'])
  })

  await t.test('two controllers that both believe to lead count one vote', async t => {
    const id = await ask('70', {}, 'two')
    world.mirror(t)
    world.mirror(t)
    await shown(id, isMirrored)
    await answer(ana, id, { by: known('ana'), decision: 'approve' })
    await shown(id, answered)
    await answer(ben, id, { by: known('ben'), decision: 'approve' })
    const { status } = await shown(id, object => answered(object) && object.status.decisions[1])
    t.match(status.decisions, [{ outcome: 'counted' }, { outcome: 'counted' }])
    const votes = (await approvals.history(id)).filter(({ type }) => type === 'vote')
    t.strictSame(
      votes.map(({ by }) => by),
      ['ana', 'ben'],
    )
  })

  await t.test(
    'what was asked, decided and over while nobody looked is caught up with',
    async t => {
      const end = world.mirror(t)
      const old = await ask('8')
      await shown(old, isMirrored)
      await end()
      const fresh = await ask('9')
      await answer(ana, old, { by: known('ana'), decision: 'deny' })
      world.mirror(t)
      t.equal((await shown(old, answered)).status.state, 'denied')
      t.equal((await shown(fresh, isMirrored)).status.state, 'pending')
    },
  )

  await t.test('an object that is lost comes back, and what was added to it is void', async t => {
    world.mirror(t)
    const id = await ask('a')
    const before = await shown(id, isMirrored)
    const target = ['approvalrequest', id, '-n', 'team-a']
    await expectDone(world.api.kubectl(['delete', ...target], { as: world.controller }))
    const back = await shown(id, object => object.metadata.uid !== before.metadata.uid)
    t.strictSame(back.spec, before.spec)
  })

  await t.test('what the store does not know is removed', async t => {
    const id = await ask('b')
    const end = world.mirror(t)
    const { spec } = await shown(id)
    await end()
    const metadata = { name: 'apr-00000000000000zz', namespace: 'team-a' }
    const forged = { apiVersion: 'writ.dev/v1alpha1', kind: 'ApprovalRequest', metadata, spec }
    const input = JSON.stringify(forged)
    await expectDone(world.api.kubectl(['create', '-f', '-'], { as: world.controller, input }))
    world.mirror(t)
    t.ok(await world.gone(metadata.name))
  })

  await t.test('a question of a namespace that the cluster has not is left alone', async t => {
    world.mirror(t)
    const before = world.logged.length
    await ask('c', { namespace: 'nowhere' })
    await shown(await ask('d'))
    t.strictSame(world.logged.slice(before), [])
  })

  await t.test('long arguments are cut', async t => {
    world.mirror(t)
    const id = await ask('e', { args: { text: 'x'.repeat(50_000) } })
    const { spec } = await shown(id)
    t.strictSame([spec.args.length, spec.args.at(-1)], [16_384, '…'])
  })

  await t.test('nothing is believed while no admission policy is in force', async t => {
    world.mirror(t)
    const id = await ask('f')
    await shown(id, isMirrored)
    const binding = ['validatingadmissionpolicybinding', 'writ-approvals']
    const { stdout } = await world.api.kubectl(['get', ...binding, '-o', 'json'])
    await expectDone(world.api.kubectl(['delete', ...binding]))
    await eventually(async () => {
      clock.now += 10_000
      const forged = JSON.stringify([
        {
          op: 'add',
          path: '/status/decisions/-',
          value: { by: known('ana'), decision: 'approve' },
        },
      ])
      const target = ['approvalrequest', id, '-n', 'team-a', '--subresource=status']
      const args = ['patch', ...target, '--type=json', '-p', forged]
      return (await world.api.kubectl(args, { as: cleo })).code === 0 || null
    })
    const { status } = await shown(id, answered)
    t.match(status, { state: 'pending', decisions: [{ outcome: 'unguarded' }], votes: [] })
    const unseen = await ask('01')
    await after(500)
    t.equal(await shownNow(world, unseen), null)
    const { metadata, ...rest } = JSON.parse(stdout)
    const input = JSON.stringify({ ...rest, metadata: { name: metadata.name } })
    await expectDone(world.api.kubectl(['create', '-f', '-'], { input }))
  })

  await t.test('a question that is over is shown for a day', async t => {
    const id = await ask('02')
    const end = world.mirror(t)
    await shown(id, isMirrored)
    await answer(ana, id, { by: known('ana'), decision: 'deny' })
    await shown(id, answered)
    await end()
    clock.now += 24 * 3600 * 1000
    const stop = world.mirror(t)
    await shown(id, isMirrored)
    await stop()
    clock.now += 1000
    world.mirror(t)
    t.ok(await world.gone(id))
  })

  await t.test('of each namespace only so many are shown, the oldest first', async t => {
    const end = world.mirror(t)
    const id = await ask('03')
    await shown(id, isMirrored)
    await end()
    await copies(world.store, id, 60)
    const waiting = async () => {
      const path = '/apis/writ.dev/v1alpha1/namespaces/team-a/approvalrequests'
      const { items } = (await world.api.ask('GET', path)).body
      return items.filter(({ status }: Shown) => status.state === 'pending').length
    }
    const before = await waiting()
    const limits = { open: before + 10, over: 1000, shownMs: 3_600_000 }
    world.mirror(t, { limits })
    await eventually(async () => ((await waiting()) >= limits.open ? true : null))
    await ask('04')
    await after(500)
    t.equal(await waiting(), limits.open)
  })

  await t.test('of what is over only the newest are shown', async t => {
    const end = world.mirror(t)
    const ids: string[] = []
    for (const digest of ['05', '06', '07']) {
      clock.now += 1000
      const id = await ask(digest)
      await shown(id, isMirrored)
      await answer(ana, id, { by: known('ana'), decision: 'deny' })
      await shown(id, answered)
      ids.push(id)
    }
    await end()
    world.mirror(t, { limits: { open: 1000, over: 1, shownMs: 3_600_000 } })
    const [first = '', second = '', third = ''] = ids
    t.ok(await world.gone(first))
    t.ok(await world.gone(second))
    t.ok(await shown(third))
  })
})
