import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { attemptLimit } from '../../../controller/api/attempt-limit.ts'
import { knownChannel } from '../../../controller/channels/channel.ts'
import { githubChannel } from '../../../controller/channels/github/github-channel.ts'
import { answerCall } from '../../../controller/chatops/answer-call.ts'
import { ChatCommands } from '../../../controller/chatops/chat-commands.ts'
import { CommandHandlers } from '../../../controller/chatops/commands.ts'
import { handleComment } from '../../../controller/chatops/handle-comment.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { type ApiWorld, apiWorld, keyed, keyOf, policies } from '../api-world.ts'
import { sha256 } from '../approvals/approval-world.ts'
import { connectLive, type LiveClient } from '../live-client.ts'
import { embeddedStores, postgresStores, type StoreKind } from '../stores.ts'
import { type MemoryForge, memoryForge } from './memory-forge.ts'
import { line } from './thread-world.ts'

const rounds = 1000

/** Rounds that race at the same moment. */
const atOnce = 50

const origin = 'https://api.github.com'
const ana = { id: 583_231, login: 'ana', type: 'user' } as const

/** Ana has a GitHub account; ana, ben and cleo are asked, in a thread as well. */
const documents = keyed
  .replace(
    /(name: ana, namespace: default \}\nspec: \{)/,
    `$1 identities: { github: { id: ${ana.id} } },`,
  )
  .replace(
    'approvers: { users: [ana, ben] }',
    'approvers: { users: [ana, ben, cleo] }, channels: [thread]',
  )
  .concat(`---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: thread }
spec: { type: github, repository: acme/ops, thread: 1, secretRef: { name: github, key: token } }
`)

/** A question that three people are about to answer. */
interface Round {
  readonly id: string
  /** Settles when the comment is about to be taken for an answer. */
  readonly believed: Promise<void>
  /** Looks at the comment of ana. */
  comment(): Promise<string | null>
  /** What ben sends. */
  rest(): Promise<string>
  /** What the client does for cleo once it has heard of the question. */
  console(): Promise<string>
}

const requests = '/api/v1/approval-requests'

async function answered(sent: Promise<{ readonly status: number }>): Promise<string> {
  const { status } = await sent
  return status === 200 ? 'counted' : String(status)
}

async function threeSurfaces(t: Test, store: Store, rounds: number): Promise<void> {
  const world = await apiWorld(t, store)
  await world.publish(documents, policies)
  const forge = memoryForge()
  const client = await connectLive(t, world.url, { key: keyOf('cleo') })
  await client.ask({ type: 'subscribe', topic: 'approvals' })
  const wins = { comment: 0, rest: 0, console: 0 }
  const ends = new Map<string, number>()
  for (let from = 0; from < rounds; from += atOnce) {
    const begun: Round[] = []
    for (let i = from; i < Math.min(from + atOnce, rounds); i++) {
      begun.push(await begin(world, store, forge, i))
    }
    await heard(client, 'approval_created', begun.length)
    await Promise.all(
      begun.map(async (round, i) => {
        const contenders = (['comment', 'rest', 'console'] as const).map(
          name => () => round[name]().then(outcome => ({ name, outcome })),
        )
        const first = (from + i) % contenders.length
        const ordered = [...contenders.slice(first), ...contenders.slice(0, first)]
        // A comment has the longest way: at times the others set out when it has gone most of it.
        const wait = (from + i) % 6 === 0 ? round.believed : null
        const came = await Promise.all(
          ordered.map(async (contender, place) => {
            if (place > 0) await wait
            return contender()
          }),
        )
        const winners = came.filter(({ outcome }) => outcome === 'counted')
        t.equal(winners.length, 1, JSON.stringify(came))
        for (const { name } of winners) wins[name] += 1
        const late = came.filter(({ outcome }) => outcome !== 'counted')
        t.ok(late.every(({ outcome }) => outcome === 'already_resolved' || outcome === '409'))
      }),
    )
    // Of every round the vote, and its one end.
    for (const id of await heard(client, /^approval_(approved|declined)$/, begun.length)) {
      ends.set(id, (ends.get(id) ?? 0) + 1)
    }
  }
  t.equal(ends.size, rounds, 'the client heard how each ended')
  t.ok(
    [...ends.values()].every(count => count === 1),
    'once',
  )
  t.ok(wins.comment && wins.rest && wins.console, `each wins at times: ${JSON.stringify(wins)}`)
  t.strictSame(await inStore(store), {
    requests: rounds,
    resolved: rounds,
    votes: rounds,
    ends: rounds,
  })
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from chat_commands where outcome = 'counted'`.execute(store.db)
  t.equal(rows[0]?.count, wins.comment, 'the record of comments agrees')
}

/** The ids of so many messages of a type; others between them are passed over. */
async function heard(client: LiveClient, type: string | RegExp, count: number) {
  const ids: string[] = []
  while (ids.length < count) {
    const message = await client.next()
    const fits = typeof type === 'string' ? message.type === type : type.test(message.type)
    if (fits) ids.push(message.approval_request_id)
  }
  return ids
}

async function begin(
  world: ApiWorld,
  store: Store,
  forge: MemoryForge,
  round: number,
): Promise<Round> {
  const { approvals, clock, releases } = world
  const { id } = await approvals.ask(
    world.question({
      digest: `sha256:${sha256(`round ${round}`)}`,
      keySha256: sha256(keyOf('bot')),
    }),
  )
  const request = await approvals.get(id)
  const directory = releases.directories.of('default')
  const channel = directory && knownChannel(directory, 'thread')
  if (request === null || directory === null || channel === null) throw new Error('nobody is asked')
  const notice = { id, kind: 'created', channel, recipient: '', request, directory } as const
  const posted = await githubChannel({ forge: () => forge }).send(notice, AbortSignal.timeout(9999))
  await sql`insert into approval_notifications (request_id, channel, kind, state, external_id)
    values (${id}, 'thread', 'created', 'sent', ${posted})`.execute(store.db)
  const approve = round % 2 === 0
  const question = Number(posted?.split(' ')[3])
  const comment = forge.write(ana, line(request, approve ? 'approve' : 'deny'))
  const now = () => clock.now
  const handlers = new CommandHandlers()
  handlers.on('call', answerCall({ db: store.db, approvals }))
  const handling = {
    ...{ handlers, commands: new ChatCommands(store.db, now), replies: attemptLimit(now) },
    directories: () => releases.directories.all(),
    log: { warn: () => undefined },
  }
  const place = { origin, repository: 'acme/ops', commentId: comment.id, deliveryId: null }
  return {
    id,
    believed: forge.lookedAt(question),
    comment: () => handleComment(handling, forge, place, AbortSignal.timeout(60_000)),
    rest: () => answered(world.as('ben', `${requests}/${id}/decline`, {})),
    console: () => answered(world.as('cleo', `${requests}/${id}/approve`, {})),
  }
}

async function inStore({ db }: Store) {
  const { rows } = await sql<object>`
    select (select count(*)::int from approval_requests) as requests,
      (select count(*)::int from approval_requests where state in ('approved', 'denied')) as resolved,
      (select count(*)::int from approval_votes) as votes,
      (select count(*)::int from approval_events where type in ('approved', 'denied')) as ends`.execute(
    db,
  )
  return { ...rows[0] }
}

const suite = (t: Test, stores: StoreKind, rounds: number) =>
  t.test('one call, asked in a thread, over REST and at a console: one decision', async t =>
    threeSurfaces(t, await stores.empty(), rounds),
  )

const postgres = await postgresStores(t)

if (typeof postgres !== 'string') {
  t.test('postgresql', async t => {
    await suite(t, postgres, rounds)
  })
}

t.test('embedded', async t => {
  await suite(t, await embeddedStores(t), typeof postgres === 'string' ? rounds : rounds / 10)
})
