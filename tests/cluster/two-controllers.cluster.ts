import t, { type Test } from 'tap'
import { RawClient } from '../proxy/mcp/raw-client.ts'
import { smallServer, tool } from '../proxy/mcp/small-server.ts'
import {
  ana,
  anaKey,
  type ControllerPair,
  controllerPair,
  type Replica,
  webhookReceiver,
} from './controller-pair.ts'
import { openLink } from './link.ts'
import { agentSpec, key, until } from './policy-world.ts'
import { startProxy } from './writ-process.ts'

const takeOverMs = 20_000

/** What a controller says in its log when it stops leading. */
const deposed = 'no longer the leader'

/** A team whose agent must ask for every payment, and a proxy that is sent to whichever controller a test likes. */
async function bank(t: Test, { world, replicas }: ControllerPair) {
  const hook = await webhookReceiver(t)
  const upstream = await smallServer(t, tool('pay'), tool('look'))
  const put = (kind: string, name: string, spec: object) => world.put(kind, 'team-a', name, spec)
  await put('User', 'ana', ana)
  await put('Agent', 'clerk', agentSpec)
  await put('ToolServer', 'bank', { url: upstream.url })
  await put('NotificationChannel', 'hook', { type: 'webhook', url: hook.url })
  const asking = { approvers: { users: ['ana'] }, inlineWait: '5m', timeout: '10m' }
  await put('ApprovalWorkflow', 'ask', { ...asking, channels: ['hook'] })
  const guard = (message: string) =>
    put('AccessPolicy', 'guard', {
      tools: [
        { name: 'pay', rules: [{ action: 'require_approval', approvalWorkflow: 'ask' }] },
        { name: 'look', rules: [{ action: 'deny', message }] },
      ],
    })
  const portOf = (replica: Replica) => Number(replica.process.url.port)
  const front = await openLink(t, portOf(replicas[0]!))
  const proxy = await startProxy(t, new URL(`http://127.0.0.1:${front.port}`))
  await guard('at first')
  await until(
    async () =>
      (await world.condition('AccessPolicy', 'team-a', 'guard', 'Enforced'))?.status === 'True',
  )
  const client = await RawClient.open(new URL('/mcp/v1', proxy.url), key)
  return {
    hook,
    guard,
    /** From now on the proxy follows this one. */
    follow: (replica: Replica) => front.turn(portOf(replica)),
    /** Settles when the agent is refused with these words. */
    told: (message: string) =>
      until(async () =>
        JSON.stringify((await client.call('look', { text: '' })).result).includes(message),
      ),
    /** Calls a tool that somebody must approve; settles when a replica knows the question. */
    async pay(text: string, at: Replica) {
      const paid = client.call('pay', { text })
      let id = ''
      await until(async () => {
        const answer = await at.ask('/api/v1/approval-requests?state=pending')
        const { requests } = (await answer.json()) as Requests
        id = requests.find(({ args }) => args.text === text)?.id ?? ''
        return id !== ''
      })
      return { id, paid }
    },
    approve: async (id: string, at: Replica) =>
      (await at.ask(`/api/v1/approval-requests/${id}/approve`, { key: anaKey, body: {} })).status,
    /** Payments that the bank made, in their order. */
    payments: () =>
      upstream.heard
        .filter(({ params }) => params.name === 'pay')
        .map(({ params }) => Object(params.arguments).text),
  }
}

interface Requests {
  readonly requests: readonly { readonly id: string; readonly args: { readonly text: string } }[]
}

/** Digests of everything that was released for the team, oldest first. */
async function released(replica: Replica): Promise<readonly string[]> {
  const answer = await replica.ask('/api/v1/tables')
  const { history } = (await answer.json()) as {
    readonly history: readonly { readonly namespace: string; readonly digest: string }[]
  }
  const own = history.filter(({ namespace }) => namespace === 'team-a')
  return own.map(({ digest }) => digest).reverse()
}

/** One way to lose a leader, and how it comes back. */
interface Loss {
  readonly name: string
  /** Whether its process goes on, and has to notice that another one leads. */
  readonly isRunning?: true
  lose(leader: Replica): Promise<void>
  comeBack(leader: Replica): Promise<void>
}

const losses: readonly Loss[] = [
  {
    name: 'stopped',
    lose: ({ process }) => process.stop(),
    comeBack: replica => replica.start(),
  },
  {
    name: 'killed',
    lose: ({ process }) => process.stop('kill'),
    comeBack: replica => replica.start(),
  },
  {
    name: 'paused',
    isRunning: true,
    lose: async ({ process }) => process.signal('SIGSTOP'),
    comeBack: async ({ process }) => process.signal('SIGCONT'),
  },
  {
    name: 'cut off from the API server',
    isRunning: true,
    lose: async ({ link }) => link.interrupt(),
    comeBack: async ({ link }) => link.mend(),
  },
]

t.test('a leader is lost, and the other controller takes over', async t => {
  const pair = await controllerPair(t)
  if (typeof pair === 'string') {
    t.fail(pair)
    return
  }
  const { guard, told, pay, approve, payments, follow, hook } = await bank(t, pair)
  await told('at first')
  const expected: string[] = []
  const questions: string[] = []

  for (const { name, lose, comeBack, isRunning = false } of losses) {
    await t.test(name, async t => {
      const { leader, other } = await pair.leading()
      const before = await pay(`before it was ${name}`, other)
      await until(() => hook.came.includes(`approval.created ${before.id}`))
      follow(other)
      // It is lost with work half done.
      await guard(`just before it was ${name}`)
      const lostAt = performance.now()
      await lose(leader)
      const meanwhile = await pay(`when it was ${name}`, other)
      await guard(`after it was ${name}`)
      await pair.takenFrom(leader)
      const tookMs = performance.now() - lostAt
      t.ok(tookMs < takeOverMs, `the other one leads after ${Math.round(tookMs)} ms`)
      await told(`after it was ${name}`)
      for (const { id } of [before, meanwhile]) t.equal(await approve(id, other), 200)
      for (const { paid } of [before, meanwhile]) t.notOk((await paid).result?.isError)

      await comeBack(leader)
      await until(async () => (await leader.ask('/readyz')).ok)
      if (isRunning) await until(() => leader.process.log.some(line => line.includes(deposed)))
      await guard(`when it was back from being ${name}`)
      await told(`when it was back from being ${name}`)
      t.strictSame((await pair.leading()).leader.name, other.name, 'who took over still leads')
      expected.push(`before it was ${name}`, `when it was ${name}`)
      questions.push(before.id, meanwhile.id)
    })
  }

  t.strictSame([...payments()].sort(), [...expected].sort(), 'every payment was made once')
  const notices = questions.flatMap(id => [`approval.created ${id}`, `approval.resolved ${id}`])
  await until(() => hook.came.length >= notices.length)
  t.strictSame([...hook.came].sort(), [...notices].sort(), 'people were told of everything once')
  for (const replica of pair.replicas) {
    const digests = await released(replica)
    t.equal(new Set(digests).size, digests.length, 'nothing old was published again')
  }
})
