import t from 'tap'
import { apiWorld, keyOf } from './api-world.ts'
import { sha256 } from './approvals/approval-world.ts'
import { embeddedStores } from './stores.ts'
import { tokens } from './world.ts'

const stores = await embeddedStores(t)
const requests = '/api/v1/approval-requests'

t.test('a person sees and answers what is asked in its namespace', async t => {
  const { ask, as } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const list = await as('ben', requests)
  t.match(list, { status: 200, json: { requests: [{ id, state: 'pending' }], next: null } })
  t.strictSame((await as('ben', `${requests}/${id}`)).json, list.json.requests[0])
  const answer = await as('ben', `${requests}/${id}/approve`, { reason: 'known supplier' })
  t.match(answer, {
    status: 200,
    json: {
      id,
      state: 'approved',
      votes: [
        {
          user: 'ben',
          decision: 'approve',
          reason: 'known supplier',
          surface: 'rest',
          identity: 'key laptop of default/ben',
          teams: ['finance'],
        },
      ],
    },
  })
  const { json } = await as('ana', `${requests}/${id}/events`)
  t.match(json.events, [
    { type: 'created', by: 'proxy-a' },
    { type: 'vote', by: 'ben', surface: 'rest', detail: 'approve: known supplier' },
    { type: 'approved', by: 'ben' },
  ])
})

t.test('two people must approve where two are required, and one denial ends it', async t => {
  const { ask, as } = await apiWorld(t, await stores.empty())
  const id = await ask('two')
  const first = await as('ana', `${requests}/${id}/decide`, { decision: 'approve' })
  t.match(first, { status: 200, json: { state: 'pending', workflows: [{ received: 1 }] } })
  t.match(await as('ana', `${requests}/${id}/approve`, {}), {
    status: 409,
    json: { code: 'already_voted' },
  })
  t.match(await as('ben', `${requests}/${id}/approve`, {}), {
    status: 200,
    json: { state: 'approved', votes: [{ user: 'ana' }, { user: 'ben' }] },
  })
  const other = await ask('two')
  t.match(await as('ben', `${requests}/${other}/decline`, { reason: 'no' }), {
    status: 200,
    json: { state: 'denied', reason: 'no' },
  })
})

t.test('the admin token decides as the operator, and the command line says what it is', async t => {
  const { ask, send } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const headers = { 'user-agent': 'writ-cli/0.1.0' }
  const sent = { key: tokens.admin, method: 'POST', headers }
  t.match(await send(`${requests}/${id}/approve`, sent), {
    status: 200,
    json: { state: 'approved', votes: [{ user: 'ana', surface: 'cli', identity: 'admin token' }] },
  })
})

t.test('an admin token that stands for nobody reads, cancels and decides nothing', async t => {
  const { ask, send, told } = await apiWorld(t, await stores.empty(), null)
  const id = await ask()
  const sent = {
    key: tokens.admin,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  }
  t.match(await send(requests, { key: tokens.admin }), { json: { requests: [{ id }] } })
  t.match(await send(`${requests}?mine=true`, { key: tokens.admin }), { json: { requests: [] } })
  t.match(await send(`${requests}/${id}/approve`, sent), {
    status: 403,
    json: { code: 'not_an_approver' },
  })
  t.strictSame(await told(id), [
    ['created', 'proxy-a', undefined],
    ['attempt_refused', 'admin token', 'approve: not_an_approver'],
  ])
  const body = JSON.stringify({ reason: 'asked by mistake' })
  t.match(await send(`${requests}/${id}/cancel`, { ...sent, body }), {
    status: 200,
    json: { state: 'cancelled', votes: [] },
  })
})

t.test('an answer that does not count says why, changes nothing and is on record', async t => {
  const { ask, as, told, clock } = await apiWorld(t, await stores.empty())
  const id = await ask('reasoned')
  const refused = async (name: string, what: string, body: unknown = {}) => {
    const { status, json } = await as(name, `${requests}/${id}/${what}`, body)
    return [status, json.code]
  }
  t.strictSame(await refused('cleo', 'approve'), [403, 'not_an_approver'])
  t.strictSame(await refused('ben', 'approve'), [422, 'reason_required'])
  t.strictSame(await refused('cleo', 'cancel', { reason: 'no' }), [403, 'not_an_approver'])
  clock.now += 5 * 60_000
  t.strictSame(await refused('ben', 'approve', { reason: 'late' }), [410, 'expired'])
  t.strictSame(await told(id), [
    ['created', 'proxy-a', undefined],
    ['attempt_refused', 'cleo', 'approve: not_an_approver'],
    ['attempt_refused', 'ben', 'approve: reason_required'],
    ['attempt_refused', 'cleo', 'cancel: not_an_approver'],
    ['expired', undefined, undefined],
    ['attempt_refused', 'ben', 'approve: expired'],
  ])
  const own = await ask('two')
  t.match(await as('dan', `${requests}/${own}/approve`, {}), {
    status: 403,
    json: { code: 'own_agent' },
  })
  t.match(await as('dan', `${requests}/${own}/cancel`, { reason: 'never mind' }), {
    status: 200,
    json: { state: 'cancelled', reason: 'never mind' },
  })
  t.match(await as('ana', `${requests}/${own}/approve`, {}), {
    status: 409,
    json: { code: 'already_resolved', detail: 'The request is cancelled already.' },
  })
})

t.test('the key of an agent and the token of a proxy never decide', async t => {
  const { ask, as, send, told } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const sent = { method: 'POST', key: tokens.proxy }
  t.match(await send(`${requests}/${id}/approve`, sent), {
    status: 403,
    json: { detail: 'The token of a proxy does not open this.' },
  })
  t.match(await as('bot', `${requests}/${id}/approve`, {}), {
    status: 403,
    json: { detail: 'The key of an agent does not open this.' },
  })
  t.match(await as('bot', `${requests}/${id}/cancel`, { reason: 'x' }), { status: 403 })
  t.match(await as('bot', requests), { status: 403 })
  t.match(await send(`${requests}/${id}/decline`, { method: 'POST', key: 'no-such-key' }), {
    status: 401,
  })
  t.match(await send(`${requests}/${id}/decline`, { method: 'POST' }), { status: 401 })
  t.strictSame(await told(id), [
    ['created', 'proxy-a', undefined],
    ['attempt_refused', 'proxy token', 'approve: proxy token'],
    ['attempt_refused', 'key of the agent default/bot', 'approve: key of the agent default/bot'],
    ['attempt_refused', 'key of the agent default/bot', 'cancel: key of the agent default/bot'],
    ['attempt_refused', 'no known key', 'deny: no known key'],
  ])
  t.match(await as('ben', `${requests}/${id}`), { status: 200, json: { state: 'pending' } })
})

t.test('somebody of another namespace learns nothing, not even that a request exists', async t => {
  const { ask, as, told, strays } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const unknown = 'apr-0000000000000000'
  t.strictSame((await as('eve', requests)).json, { requests: [], next: null })
  t.strictSame((await as('eve', `${requests}?namespace=default`)).json.requests, [])
  const theirs = await as('eve', `${requests}/${id}/approve`, {})
  const nobodys = await as('eve', `${requests}/${unknown}/approve`, {})
  t.match(theirs, { status: 404, json: { code: 'unknown_request' } })
  t.strictSame(theirs.text, nobodys.text)
  t.match(await as('eve', `${requests}/${id}`), { status: 404 })
  t.match(await as('eve', `${requests}/${id}/events`), { status: 404 })
  t.match(await as('eve', `${requests}/not-an-id`), { status: 404 })
  t.strictSame((await told(id)).slice(1), [
    ['attempt_refused', 'key laptop of other/eve', 'approve: unknown_request'],
    ['attempt_refused', 'key laptop of other/eve', 'read: unknown_request'],
    ['attempt_refused', 'key laptop of other/eve', 'read: unknown_request'],
  ])
  t.strictSame(await strays(), [
    ['attempt_refused', 'key laptop of other/eve', `approve: unknown_request ${unknown}`],
  ])
})

t.test('whoever guesses too often has to wait, and a right key is not held up by it', async t => {
  const { ask, as, send, strays, clock } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const guess = (i: number) => send(`${requests}/${id}`, { key: `guess-number-${i}` })
  const answers = []
  for (let i = 0; i < 12; i += 1) answers.push((await guess(i)).status)
  t.strictSame(answers, [...Array(10).fill(401), 429, 429])
  t.match(await guess(13), { status: 429, headers: { 'retry-after': '6' } })
  t.match(await as('ben', `${requests}/${id}`), { status: 200 }, 'from the same address')
  const ids = []
  for (let i = 0; i < 12; i += 1) {
    const { status } = await as('eve', `${requests}/apr-${`${i}`.padStart(16, '0')}`)
    ids.push(status)
  }
  t.strictSame(ids, [...Array(10).fill(404), 429, 429])
  t.equal((await strays()).length, 10, 'a flood is not recorded')
  clock.now += 6000
  t.match(await guess(14), { status: 401 })
})

t.test('a key ends with its time, with its hash, and where two people hold it', async t => {
  const { as, publish, clock } = await apiWorld(t, await stores.empty())
  const status = async () => (await as('ben', requests)).status
  const key = `name: laptop, sha256: ${sha256(keyOf('ben'))}`
  const people = (...keys: readonly string[]) =>
    keys
      .map(
        (key, i) => `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: user-${i} }
spec: { apiKeys: [{ ${key} }] }
`,
      )
      .join('---')
  t.equal(await status(), 200)
  await publish(people(`${key}, expires: "2026-11-21T12:01:00Z"`))
  t.equal(await status(), 200)
  clock.now = Date.parse('2026-11-21T12:01:00Z')
  t.equal(await status(), 401)
  await publish(people(`name: laptop, sha256: ${sha256('another')}`))
  t.equal(await status(), 401)
})

t.test('people of the system namespace are known everywhere', async t => {
  const { ask, as } = await apiWorld(t, await stores.empty())
  const id = await ask()
  t.match(await as('sys', `${requests}/${id}`), { status: 200 })
  t.match(await as('sys', `${requests}/${id}/approve`, {}), {
    status: 403,
    json: { code: 'not_an_approver' },
  })
})

t.test('the list is filtered and paged', async t => {
  const { ask, as, clock } = await apiWorld(t, await stores.empty())
  const ids: string[] = []
  for (const workflow of ['one', 'two', 'reasoned'] as const) {
    clock.now += 1000
    ids.unshift(await ask(workflow))
  }
  const [reasoned, two, one] = ids
  await as('ana', `${requests}/${one}/approve`, {})
  const list = async (query: string, name = 'ana') => {
    const { json } = await as(name, `${requests}?${query}`)
    return json.requests?.map(({ id }: { id: string }) => id) ?? json.detail
  }
  t.strictSame(await list(''), ids)
  t.strictSame(await list('state=pending'), [reasoned, two])
  t.strictSame(await list('state=approved,denied'), [one])
  t.strictSame(await list('mine=true'), [two])
  t.strictSame(await list('mine=true', 'ben'), [reasoned, two])
  t.strictSame(await list('mine=true', 'dan'), [], 'not for his own agent')
  t.strictSame(await list('agent=bot&tool=pay&namespace=default'), ids)
  t.strictSame(await list('agent=other'), [])
  t.strictSame(await list(`id=${two?.slice(0, 12)}`), [two])
  const page = await as('ana', `${requests}?limit=2`)
  t.strictSame(await list(`limit=2&after=${page.json.next}`), [one])
  t.equal(await list('limit=0'), 'limit is a number from 1 to 500.')
  t.match(await list('state=open'), /^state is wrong. States, separated by commas, of pending/)
  t.match(await list('stat=pending'), /^stat is no filter; there are state, namespace, /)
  t.equal(await list('mine=1'), 'mine is true or false.')
  t.equal(await list('after=x'), 'after is the `next` of an earlier answer.')
  t.equal(await list('tool=a&tool=b'), 'tool is given more than once.')
})

t.test('workflows are shown with whom they ask', async t => {
  const { as } = await apiWorld(t, await stores.empty())
  const { json } = await as('ben', '/api/v1/approval-workflows')
  t.match(json.workflows, [
    { namespace: 'default', name: 'one', mayDecide: ['ana', 'ben'] },
    { name: 'reasoned', mayDecide: ['ben'], spec: { requireReason: true } },
    { name: 'two', mayDecide: ['ana', 'ben', 'dan'], spec: { approvalsRequired: 2 } },
  ])
  t.strictSame((await as('eve', '/api/v1/approval-workflows')).json, { workflows: [] })
})

t.test('a body that is not understood is refused', async t => {
  const { ask, as, send } = await apiWorld(t, await stores.empty())
  const id = await ask()
  const detail = async (what: string, body: unknown) => {
    const { status, json } = await as('ana', `${requests}/${id}/${what}`, body)
    return `${status} ${json.detail}`
  }
  t.equal(
    await detail('approve', { why: 'x' }),
    '400 the value must NOT have additional properties',
  )
  t.equal(
    await detail('decide', { decision: 'maybe' }),
    '400 /decision must be equal to one of the allowed values',
  )
  t.equal(await detail('cancel', {}), "400 the value must have required property 'reason'")
  const text = {
    key: keyOf('ana'),
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  }
  t.match(await send(`${requests}/${id}/approve`, text), { status: 415 })
})

t.test('a grant is given with an approval, shown, and ended', async t => {
  const { ask, as } = await apiWorld(t, await stores.empty())
  const argDigests = { amount: `sha256:${sha256('10')}`, to: `sha256:${sha256('x')}` }
  const id = await ask('one', { argDigests, numbers: { amount: 10 } })
  const grant = {
    uses: 3,
    expires: '2026-11-21T13:00:00Z',
    args: { amount: 'any', to: 'equal' },
    money: { argument: 'amount', maxUsd: '100' },
  }
  t.match(await as('ana', `${requests}/${id}/approve`, { grant: { ...grant, args: {} } }), {
    status: 422,
    json: { code: 'grant_unusable' },
  })
  t.match(await as('ana', `${requests}/${id}/approve`, { grant }), { status: 200 })
  const { grants } = (await as('ben', '/api/v1/approval-grants')).json
  t.match(grants, [
    {
      request: id,
      agent: 'bot',
      tool: 'pay',
      uses: 3,
      args: grant.args,
      money: { argument: 'amount' },
    },
  ])
  t.strictSame((await as('eve', '/api/v1/approval-grants')).json, { grants: [] })
  const revoke = `/api/v1/approval-grants/${grants[0].id}/revoke`
  t.match(await as('eve', revoke, { reason: 'x' }), { status: 404 })
  t.match(await as('cleo', revoke, { reason: 'x' }), { status: 403 })
  t.match(await as('ben', revoke, { reason: 'enough' }), { status: 204 })
  t.match((await as('ben', '/api/v1/approval-grants')).json, {
    grants: [{ id: grants[0].id, reason: 'enough' }],
  })
})
