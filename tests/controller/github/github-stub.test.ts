import t from 'tap'
import { describedByGithub } from './description.ts'
import { forgeWorld, sha } from './forge-world.ts'
import { webhookExamples } from './webhook-examples.ts'

/** Every place in a value with the type of what is there. */
function placesIn(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(item => placesIn(item, `${at}[]`))
  if (typeof value !== 'object' || value === null) {
    return [`${at}: ${value === null ? 'null' : typeof value}`]
  }
  return Object.entries(value).flatMap(([key, part]) => placesIn(part, `${at}.${key}`))
}

/** What is null in every example may be anything; no example is about a comment on a pull request. */
function isKnown(known: ReadonlySet<string>, place: string): boolean {
  const names = (place.split(': ')[0] ?? '').split('.')
  const above = names.map((_, at) => names.slice(0, at + 1).join('.'))
  return (
    known.has(place) ||
    above.some(name => known.has(`${name}: null`)) ||
    place.startsWith('.issue.pull_request.')
  )
}

t.test("webhooks of the stub have the shape of GitHub's own examples", async t => {
  const { hub, ana, ben, app, repo } = await forgeWorld(t)
  const fork = hub.repository('ben/policies', repo)
  const opening = { by: ben, branch: 'wider', sha: sha('a'), baseSha: sha('0'), from: fork }
  const pull = hub.open(repo, opening)
  hub.update(pull, ben, sha('b'))
  const comment = hub.write(pull, ana, 'hello')
  hub.edit(comment.id, ana, 'goodbye')
  hub.remove(comment.id, ana)
  hub.write(hub.ask(repo, ben), app.account, 'hello')
  hub.close(pull, ana)
  hub.reopen(pull, ana)
  hub.merge(pull, ana, sha('c'))
  hub.ping(repo, ana)
  t.strictSame(
    hub.deliveries.map(({ event, payload: { action } }) => [event, action]),
    [
      ['push', undefined],
      ['pull_request', 'opened'],
      ['push', undefined],
      ['pull_request', 'synchronize'],
      ...['created', 'edited', 'deleted', 'created'].map(action => ['issue_comment', action]),
      ['pull_request', 'closed'],
      ['pull_request', 'reopened'],
      ['push', undefined],
      ['pull_request', 'closed'],
      ['ping', undefined],
    ],
  )
  const events = ['push', 'pull_request', 'issue_comment', 'ping']
  const known = new Set(events.flatMap(webhookExamples).flatMap(example => placesIn(example)))
  for (const { event, payload } of hub.deliveries) {
    const strange = placesIn(payload).filter(place => !isKnown(known, place))
    t.strictSame(strange, [], `${event} ${payload.action ?? ''}`)
  }
  const pushed = hub.deliveries.find(({ event }) => event === 'push')
  t.type(pushed?.payload.repository.pushed_at, 'number')
})

t.test('what GitHub does not describe is told', async t => {
  const problemOf = describedByGithub()
  const status = {
    ...{ method: 'POST', path: `/repos/acme/policies/statuses/${sha('a')}`, status: 404 },
    ...{ query: new URLSearchParams(), body: { state: 'success' } },
    answer: { message: 'Not Found' },
  }
  const told = (some: object) => problemOf({ ...status, ...some })
  t.equal(told({}), null)
  t.match(told({ body: { state: 'splendid' } }), /body: data\/state must be equal to one of/)
  t.match(told({ body: { state: 'success', colour: 'green' } }), /NOT have additional properties/)
  t.match(told({ body: {} }), /must have required property 'state'/)
  t.match(told({ query: new URLSearchParams('page=1') }), /has page, which is not described/)
  t.match(told({ method: 'DELETE' }), /is not described/)
  t.match(told({ status: 418 }), /does not answer 418/)
  t.match(told({ status: 201, answer: {} }), /201: data must have required property/)
  t.match(told({ answer: {} }), /must have required property 'message'/)
  const list = { method: 'GET', path: '/repos/acme/policies/pulls', body: null, status: 200 }
  const sort = new URLSearchParams('sort=beauty')
  t.match(told({ ...list, query: sort, answer: [] }), /must be equal to one of the allowed values/)
  t.equal(told({ ...list, answer: [] }), null)
})

t.test('the stub keeps state as GitHub does', async t => {
  const { hub, ana, ben, repo } = await forgeWorld(t)
  const pull = hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
  t.equal(hub.isGreen(repo, sha('a')), false, 'nothing was said')
  t.equal(hub.branchTip(repo, 'wider'), sha('a'))
  hub.merge(pull, ben, sha('c'))
  t.equal(hub.branchTip(repo, 'main'), sha('c'))
  t.match(pull, { state: 'closed', pull: { mergedBy: ben, mergeSha: sha('c') } })
})
