import t from 'tap'
import { asTold, forgeWorld, sha, signal, startedAt } from './forge-world.ts'
import { commitBy } from './github-verbs.ts'

t.test('the repository, and who speaks', async t => {
  const { app, cleo, forge, tokenForge, repo, web } = await forgeWorld(t)
  t.strictSame(await forge.repository(signal), {
    ...{ id: repo.id, name: 'acme/policies', defaultBranch: 'main', url: `${web}/acme/policies` },
  })
  t.strictSame(await forge.self(signal), asTold(app.account))
  t.strictSame(await tokenForge.self(signal), asTold(cleo))
})

t.test('open changes for a branch, the one that was touched last first', async t => {
  const { hub, clock, ana, ben, forge, repo, web } = await forgeWorld(t)
  const fork = hub.repository('ben/policies', repo)
  const base = { base: 'main', baseSha: sha('0') }
  const first = hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), ...base, title: 'Wider' })
  hub.open(repo, { by: ana, branch: 'other', sha: sha('b'), base: 'next', baseSha: sha('0') })
  hub.close(hub.open(repo, { by: ana, branch: 'given-up', sha: sha('c'), ...base }), ana)
  clock.now += 5000
  const second = hub.open(repo, {
    ...{ by: ben, branch: 'main', sha: sha('d'), from: fork, draft: true, ...base },
  })
  const open = await forge.openChanges('main', signal)
  t.strictSame(open, [
    {
      ...{ number: second.number, title: 'A change', url: `${web}/acme/policies/pull/4` },
      ...{ author: asTold(ben), headSha: sha('d'), headBranch: 'main', headRepositoryId: fork.id },
      ...{ baseBranch: 'main', baseSha: sha('0'), draft: true, state: 'open' },
      updatedAt: '2026-11-20T10:00:05Z',
    },
    {
      ...{ number: first.number, title: 'Wider', url: `${web}/acme/policies/pull/1` },
      ...{ author: asTold(ana), headSha: sha('a'), headBranch: 'wider', headRepositoryId: repo.id },
      ...{ baseBranch: 'main', baseSha: sha('0'), draft: false, state: 'open' },
      updatedAt: startedAt,
    },
  ])
  t.strictSame(await forge.change(second.number, signal), open[0])
  hub.deleteFork(second)
  t.match(await forge.change(second.number, signal), { headRepositoryId: null })
})

t.test('no more than 300 open changes are listed', async t => {
  const { hub, ana, forge, repo } = await forgeWorld(t)
  for (let n = 0; n < 301; n += 1) {
    hub.open(repo, { by: ana, branch: `change-${n}`, sha: sha('a'), baseSha: sha('0') })
  }
  const open = await forge.openChanges('main', signal)
  t.strictSame([open.length, open[0]?.number, open.at(-1)?.number], [300, 301, 2])
})

t.test('threads are pull requests and issues', async t => {
  const { hub, ana, ben, forge, repo } = await forgeWorld(t)
  hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
  const issue = hub.ask(repo, ben)
  const thread = { number: 2, kind: 'issue', author: asTold(ben) }
  t.strictSame(await forge.thread(1, signal), {
    ...{ number: 1, kind: 'pull', state: 'open', author: asTold(ana), locked: false },
  })
  t.strictSame(await forge.thread(2, signal), { ...thread, state: 'open', locked: false })
  hub.close(issue, ben)
  hub.lock(issue)
  t.strictSame(await forge.thread(2, signal), { ...thread, state: 'closed', locked: true })
  await t.rejects(forge.thread(3, signal), { code: 'not_found' })
})

t.test('everybody who had a hand in a change', async t => {
  const { hub, ana, ben, cleo, forge, repo } = await forgeWorld(t)
  const [dan, web] = [hub.user('dan'), hub.user('web-flow')]
  const message = [
    'Widen',
    '',
    'Co-authored-by: Dan <4711+dan@users.noreply.github.com>',
    'co-authored-by: A stranger <stranger@example.com>',
  ].join('\n')
  const pull = hub.open(repo, {
    ...{ by: ana, branch: 'wider', sha: sha('b'), baseSha: sha('0') },
    commits: [
      commitBy(ben, sha('a'), { committer: web }),
      commitBy(ana, sha('b'), { author: null, authorEmail: 'nobody@example.com', message }),
    ],
  })
  hub.update(pull, cleo, sha('c'))
  const told = await forge.contributors(pull.number, signal)
  t.strictSame(told, {
    accounts: [
      ...[asTold(ana), asTold(cleo), asTold(ben), asTold(web)],
      { id: 4711, login: 'dan', type: 'unknown' },
    ],
    strangers: ['nobody@example.com', 'stranger@example.com'],
    complete: true,
    pushersKnown: true,
  })
  t.notMatch(told.accounts, [asTold(dan)])
})

t.test(
  'who pushed is not known where the forge does not tell, and not all commits of long changes',
  async t => {
    const { hub, ana, forge, repo } = await forgeWorld(t)
    const fork = hub.repository('ana/policies', repo)
    const commits = Array.from({ length: 251 }, () => commitBy(ana, sha('a')))
    const pull = hub.open(repo, {
      ...{ by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0'), from: fork, commits },
    })
    const accounts = [asTold(ana)]
    const told = { accounts, strangers: [], complete: false, pushersKnown: true }
    t.strictSame(await forge.contributors(pull.number, signal), told)
    hub.trouble({ status: 404, when: /activity/ })
    const unseen = { ...told, pushersKnown: false }
    t.strictSame(await forge.contributors(pull.number, signal), unseen)
    hub.deleteFork(pull)
    t.strictSame(await forge.contributors(pull.number, signal), unseen)
  },
)

t.test('the change that made a commit, with who approved it there', async t => {
  const { hub, ana, ben, cleo, forge, repo, web } = await forgeWorld(t)
  const dan = hub.user('dan')
  const opening = { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') }
  const pull = hub.open(repo, opening)
  for (const reviewer of [ben, cleo, dan]) hub.review(pull, reviewer, 'APPROVED')
  hub.update(pull, ana, sha('b'))
  hub.review(pull, cleo, 'CHANGES_REQUESTED')
  hub.review(pull, ben, 'COMMENTED')
  hub.review(pull, dan, 'APPROVED')
  t.equal(await forge.changeOf(sha('b'), signal), null, 'an open change made nothing')
  hub.merge(pull, cleo, sha('c'))
  t.strictSame(await forge.changeOf(sha('c'), signal), {
    ...{ number: 1, title: 'A change', url: `${web}/acme/policies/pull/1`, author: asTold(ana) },
    ...{ headSha: sha('b'), headBranch: 'wider', headRepositoryId: repo.id, baseBranch: 'main' },
    ...{ baseSha: sha('0'), draft: false, state: 'merged', mergeSha: sha('c') },
    ...{ mergedBy: asTold(cleo), updatedAt: startedAt },
    approvals: [
      { by: asTold(ben), headSha: sha('a') },
      { by: asTold(dan), headSha: sha('b') },
    ],
  })
  t.equal(await forge.changeOf(sha('b'), signal), null, 'its commits were not made by the merge')
  t.equal(await forge.changeOf(sha('e'), signal), null, 'what was pushed was made by no change')
})

t.test('a change is opened once', async t => {
  const { hub, ana, app, forge, repo } = await forgeWorld(t)
  hub.push(repo, ana, 'writ/rollback', sha('a'))
  const proposed = { title: 'Roll back', body: 'To what was.', head: 'writ/rollback', base: 'main' }
  const change = await forge.openChange(proposed, signal)
  t.match(change, { number: 1, title: 'Roll back', author: asTold(app.account), state: 'open' })
  t.strictSame(await forge.openChange(proposed, signal), change)
  await t.rejects(forge.openChange({ ...proposed, head: 'nothing' }, signal), {
    code: 'refused',
    message: 'GitHub answered 422: Validation Failed head nothing is not a branch',
  })
})
