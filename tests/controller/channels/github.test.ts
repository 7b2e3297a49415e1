import t from 'tap'
import { keepQuestions } from '../../../controller/channels/github/keep-questions.ts'
import { line, threadWorld } from '../chatops/thread-world.ts'
import { embeddedStores } from '../stores.ts'
import { until } from '../world.ts'

const stores = await embeddedStores(t)

t.test('a question stands in the thread with the lines that answer it', async t => {
  const world = await threadWorld(t, await stores.empty())
  const request = await world.askHere('one', {
    justification: '@everyone look\n```\n<!-- writ:question:apr-0000000000000000 -->',
    args: { amount: 10, to: '`a` @b #1 <!-- x -->' },
  })
  const { body, author } = world.questionComment(request)
  t.equal(author, world.writ)
  t.equal(
    body,
    `<!-- writ:question:${request.id} -->
**A call waits for an answer.**

\`\`\`\`
bot asks to call bank / pay

Tool: bank / pay
Agent: bot, owned by dan, key laptop, namespace default
Written in: payments-one / ask
The agent says: @everyone look \`\`\` <\\u{21}-- writ:question:apr-0000000000000000 -->
Needed: 0 of 1 by one
Open until: ${request.expiresAt}
Digest: ${request.digest}

{
  "amount": 10,
  "to": "\`a\` @b #1 <\\u{21}-- x -->"
}
\`\`\`\`

To answer, write a new comment that is one of these lines and nothing else:

\`\`\`
${line(request)}
\`\`\`

\`\`\`
${line(request, 'deny')}
\`\`\``,
  )
})

t.test('a comment answers it, and thread and record say so', async t => {
  const world = await threadWorld(t, await stores.empty(), { pull: true })
  const request = await world.askHere()
  const comment = world.hub.write(world.thread, world.people.ana, line(request))
  t.equal(await world.hear(comment), 'counted')
  const { state, votes } = await world.get(request.id)
  t.match(
    [state, votes],
    [
      'approved',
      [
        {
          user: 'ana',
          surface: 'github',
          identity: `ana, account ${world.people.ana.id}, comment ${comment.id}`,
        },
      ],
    ],
  )
  const [vote] = await world.store.db.selectFrom('approval_votes').select('evidence').execute()
  t.match(JSON.parse(vote?.evidence ?? ''), {
    comment: String(comment.id),
    body: /^sha256:[0-9a-f]{64}$/,
    delivery: 'delivery-1',
    head: 'a'.repeat(40),
    url: /acme\/ops\/pull\/1#issuecomment-/,
  })
  t.match(await world.rows(), [
    {
      origin: world.hub.apiUrl,
      comment_id: comment.id,
      repository: 'acme/ops',
      repository_id: world.repo.id,
      thread: 1,
      head_sha: 'a'.repeat(40),
      author_id: world.people.ana.id,
      author_login: 'ana',
      body_hash: JSON.parse(vote?.evidence ?? '').body,
      delivery_id: 'delivery-1',
      command: line(request),
      outcome: 'counted',
    },
  ])
  t.match(world.replies(), [/^In answer to http\S+:\n\nIt is approved\.$/])
  await until(() => world.questionComment(request).body.includes('A call is decided'))
  t.match(world.questionComment(request).body, /`Approved by ana`\n\n- `ana: approve, by github \(/)
  t.notMatch(world.questionComment(request).body, /\/approve/)
})

t.test('the thread says when the call was made', async t => {
  const world = await threadWorld(t, await stores.empty())
  const stop = new AbortController()
  const keeping = keepQuestions({
    ...{ db: world.store.db, approvals: world.approvals, directories: world.releases.directories },
    forge: () => world.forge,
    log: { warn: (fields, message) => t.fail(message, fields) },
  }).run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await keeping
  })
  const request = await world.askHere()
  await world.hear(world.hub.write(world.thread, world.people.ana, line(request)))
  const { approvals } = world
  const { digest } = request
  const claim = world.claim(world.question({ digest }), { workflows: ['one'] })
  t.match(await approvals.claim(request.id, claim), { granted: true })
  await until(() => world.questionComment(request).body.includes('and the call was made'))
  t.match(world.questionComment(request).body, /`Approved by ana, and the call was made`/)
})

t.test('a denial ends the question', async t => {
  const world = await threadWorld(t, await stores.empty())
  const request = await world.askHere('two')
  const { ana, ben } = world.people
  const first = world.hub.write(world.thread, ana, line(request))
  t.equal(await world.hear(first), 'counted')
  t.match(world.replies(), [/Your approval counts; others are needed: 1 of 2 by two\.$/])
  const second = world.hub.write(world.thread, ben, line(request, 'deny'))
  t.equal(await world.hear(second), 'counted')
  t.equal((await world.get(request.id)).state, 'denied')
})

t.test('who cannot see all of a call, or would have to say why, is sent elsewhere', async t => {
  const world = await threadWorld(t, await stores.empty())
  const long = await world.askHere('one', { args: { note: 'x'.repeat(5000), to: 'the end' } })
  const reasoned = await world.askHere('reasoned')
  for (const [request, why] of [
    [long, 'Not all of the call fits here.'],
    [reasoned, 'An answer needs a reason, which a comment cannot carry.'],
  ] as const) {
    const { body } = world.questionComment(request)
    t.match(body, `${why} Look at it, and answer, with \`writ approvals show ${request.id}\`.`)
    t.notMatch(body, /\/approve/)
  }
})

t.test('a channel without its token says so', async t => {
  const world = await threadWorld(t, await stores.empty())
  await world.publishPeople(text =>
    text.replace('{ name: github, key: token }', '{ name: gone, key: token }'),
  )
  const { id } = await world.asked({ user: 'dan', rule: { policy: 'payments-one', rule: 'ask' } })
  const { notifications } = await world.notified(id, ([first]) => first?.error !== undefined)
  t.match(notifications, [
    {
      channel: 'thread',
      error: 'GitHub: the secret gone, key token, is not there in namespace default',
    },
  ])
})
