import t from 'tap'
import { asTold, forgeWorld, sha, signal, startedAt } from './forge-world.ts'

t.test('a comment is looked at afresh', async t => {
  const { hub, clock, ana, ben, forge, repo, web, app } = await forgeWorld(t)
  const pull = hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
  const { id } = hub.write(pull, ben, '/approve 0123456789ab')
  const told = {
    ...{ id, thread: 1, repositoryId: repo.id, author: asTold(ben), viaApp: null },
    ...{ body: '/approve 0123456789ab', createdAt: startedAt, updatedAt: startedAt },
    ...{ minimised: false, url: `${web}/acme/policies/pull/1#issuecomment-${id}` },
  }
  t.strictSame(await forge.comment(id, signal), told)

  hub.edit(id, ben, '/approve ba9876543210')
  const edited = { ...told, body: '/approve ba9876543210', updatedAt: '2026-11-20T10:00:00.001Z' }
  t.strictSame(await forge.comment(id, signal), edited, 'an edit within the second is seen')
  clock.now += 1000
  hub.edit(id, ana, '/deny ba9876543210')
  const later = { ...told, body: '/deny ba9876543210', updatedAt: '2026-11-20T10:00:01Z' }
  t.strictSame(await forge.comment(id, signal), later)
  hub.minimise(id)
  t.strictSame(await forge.comment(id, signal), { ...later, minimised: true })
  hub.deleteAccount(ben)
  const ghost = { id: 0, login: 'ghost', type: 'unknown' }
  t.strictSame(await forge.comment(id, signal), { ...later, minimised: true, author: ghost })
  hub.remove(id, ana)
  t.equal(await forge.comment(id, signal), null)

  const foreign = hub.write(pull, ana, 'hello', app)
  t.match(await forge.comment(foreign.id, signal), { viaApp: 'writ', author: asTold(ana) })
})

t.test(
  'a comment that went elsewhere with its issue is gone; one that answers from elsewhere says so',
  async t => {
    const { hub, ana, forge, repo } = await forgeWorld(t)
    const issue = hub.ask(repo, ana)
    const { id } = hub.write(issue, ana, 'hello')
    hub.transfer(issue, hub.repository('acme/elsewhere'))
    t.equal(await forge.comment(id, signal), null)
    hub.rename(repo, 'renamed')
    await t.rejects(forge.comment(id, signal), {
      code: 'moved',
      message: 'GitHub answered that the repository has moved',
    })
  },
)

t.test('a comment that goes while it is looked at', async t => {
  const { hub, ana, forge, repo } = await forgeWorld(t)
  const { id } = hub.write(hub.ask(repo, ana), ana, 'hello')
  const refused = (type: string) => {
    const body = { data: { node: null }, errors: [{ type, message: 'No' }] }
    hub.trouble({ status: 200, body, when: /graphql/ })
    return forge.comment(id, signal)
  }
  t.equal(await refused('NOT_FOUND'), null)
  const forbidden = { code: 'forbidden', message: 'GitHub answered FORBIDDEN' }
  await t.rejects(refused('FORBIDDEN'), forbidden)
  const odd = { code: 'refused', message: 'GitHub answered with a refusal' }
  await t.rejects(refused('no word'), odd)
  hub.trouble({ status: 200, body: { data: { node: null } }, when: /graphql/ })
  await t.rejects(forge.comment(id, signal), { code: 'malformed' })
})

t.test('comments since a moment, oldest first, those of all threads', async t => {
  const { hub, clock, ana, ben, forge, repo } = await forgeWorld(t)
  const pull = hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
  const issue = hub.ask(repo, ben)
  const first = hub.write(pull, ben, 'first')
  clock.now += 10_000
  const second = hub.write(issue, ana, 'second')
  hub.minimise(second.id)
  clock.now += 10_000
  hub.edit(first.id, ben, 'edited')
  const since = (text: string) => forge.commentsSince(new Date(text), signal)
  const all = await since(startedAt)
  t.strictSame(
    all.map(({ body, thread, minimised }) => [body, thread, minimised]),
    [
      ['second', 2, null],
      ['edited', 1, null],
    ],
  )
  t.strictSame(await since('2026-11-20T10:00:11Z'), all.slice(1))
  t.strictSame(await since('2026-11-20T10:00:21Z'), [])
})

t.test('no more than 1,000 comments come at once', async t => {
  const { hub, ana, forge, repo } = await forgeWorld(t)
  const issue = hub.ask(repo, ana)
  for (let n = 1; n <= 1050; n += 1) hub.write(issue, ana, `${n}`)
  const found = await forge.commentsSince(new Date(0), signal)
  t.strictSame([found.length, found[0]?.body, found.at(-1)?.body], [1000, '1', '1000'])
})

t.test('one comment is written and then edited in place', async t => {
  const { hub, ana, app, forge, tokenForge, cleo, repo } = await forgeWorld(t)
  const issue = hub.ask(repo, ana)
  hub.write(issue, ana, '<!-- writ:review -->\nnot by us')
  for (let n = 0; n < 120; n += 1) hub.write(issue, ana, 'talk')
  const say = (body: string) => forge.say(1, { marker: 'writ:review', body }, signal)
  const written = await say('one')
  t.match(written, { author: asTold(app.account), body: '<!-- writ:review -->\none', thread: 1 })
  const requests = hub.requests.length
  t.strictSame(await say('one'), written)
  const sent = hub.requests.slice(requests).filter(request => !request.startsWith('GET'))
  t.strictSame(sent, [], 'what is said already is not said again')
  const { id, replaced } = await say('two')
  t.strictSame([id, replaced], [written.id, '<!-- writ:review -->\none'])
  const other = await forge.say(1, { marker: 'writ:other', body: 'two' }, signal)
  const own = await tokenForge.say(1, { marker: 'writ:review', body: 'by an account' }, signal)
  const replied = await forge.reply(1, 'an answer', signal)
  t.strictSame(
    hub
      .comments(issue)
      .filter(({ body }) => body !== 'talk')
      .map(({ id, author, body }) => [id, author?.login, body]),
    [
      [hub.comments(issue)[0]?.id, 'ana', '<!-- writ:review -->\nnot by us'],
      [written.id, 'writ[bot]', '<!-- writ:review -->\ntwo'],
      [other.id, 'writ[bot]', '<!-- writ:other -->\ntwo'],
      [own.id, cleo.login, '<!-- writ:review -->\nby an account'],
      [replied.id, 'writ[bot]', 'an answer'],
    ],
  )
})

t.test('a comment that is longer than GitHub takes is cut', async t => {
  const { hub, ana, forge, repo } = await forgeWorld(t)
  const issue = hub.ask(repo, ana)
  await forge.reply(1, 'x'.repeat(70_000), signal)
  await forge.reply(1, `${'x'.repeat(64_999)}😀`, signal)
  const cut = '\n\n… cut here: GitHub takes no more.'
  t.strictSame(
    hub.comments(issue).map(({ body }) => body),
    [`${'x'.repeat(65_000)}${cut}`, `${'x'.repeat(64_999)}${cut}`],
  )
})

t.test('nobody is answered in a thread that is locked', async t => {
  const { hub, ana, tokenForge, repo } = await forgeWorld(t)
  hub.lock(hub.ask(repo, ana))
  await t.rejects(tokenForge.reply(1, 'hello', signal), {
    code: 'forbidden',
    message: 'GitHub answered 403: Unable to create comment: locked.',
  })
})
