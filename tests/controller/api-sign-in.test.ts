import t, { type Test } from 'tap'
import { connectLive } from './live-client.ts'
import { tokens, until, world } from './world.ts'

const password = 'correct horse battery staple'

/** The User that the account of ana is, by the word of a policy. */
const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana-ask }
spec: { roles: [owner], identities: { account: Ana } }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: local }
spec: { roles: [owner] }
`

interface Said {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly cookie: string | null
}

/** A browser, or a program that shows a token. */
interface Client {
  ask(method: string, path: string, body?: object, headers?: object): Promise<Said>
  /** What the next changes show besides the cookie. */
  csrf(): Promise<void>
}

function client(url: URL, token?: string): Client {
  let cookie: string | null = null
  let csrf: string | null = null
  const ask = async (method: string, path: string, body?: object, headers: object = {}) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(cookie !== null && { cookie }),
        ...(csrf !== null && { 'x-csrf-token': csrf }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const set = answer.headers.get('set-cookie')
    if (set !== null) cookie = set.split(';')[0] ?? null
    const text = await answer.text()
    const read = text.startsWith('{') ? JSON.parse(text) : {}
    return { status: answer.status, body: read, cookie: set }
  }
  return {
    ask,
    async csrf() {
      csrf = String((await ask('GET', '/api/v1/auth/session')).body.csrfToken)
    },
  }
}

async function controller(t: Test) {
  const w = await world(t)
  w.write('people.yaml', people)
  let now = Date.now()
  const { url } = await w.startController({ now: () => now, operator: 'local' })
  const admin = client(url, tokens.admin)
  await until(async () => {
    const { body } = await admin.ask('GET', '/api/v1/status')
    return Object(body.source).state === 'in_force'
  })
  const first = await admin.ask('POST', '/api/v1/auth/links/first')
  const join = async (secret: unknown, username: string) => {
    const browser = client(url)
    const filled = { secret, username, displayName: username, password }
    const made = await browser.ask('POST', '/api/v1/auth/links/use', filled)
    await browser.csrf()
    return { browser, made }
  }
  const invite = async (by: Client, role: string, username: string) => {
    const { body } = await by.ask('POST', '/api/v1/accounts/invitations', { role })
    return join(body.secret, username)
  }
  return {
    ...{ w, url, admin, first, join, invite },
    later: (ms: number) => {
      now += ms
    },
  }
}

t.test('the first account is made by a link and is signed in by a cookie', async t => {
  const { first, join, url, admin } = await controller(t)
  t.equal(first.status, 201)
  const looked = await client(url).ask('POST', '/api/v1/auth/links/look', {
    secret: first.body.secret,
  })
  t.match(looked.body, { for: 'first', role: 'owner' })
  const { browser, made } = await join(first.body.secret, 'boss')
  t.equal(made.status, 201)
  t.match(
    made.cookie ?? '',
    /^writ_session=writ_ses_[\w-]{43}; .*Path=\/; .*HttpOnly; SameSite=Strict$/,
  )
  const who = await browser.ask('GET', '/api/v1/auth/session')
  t.match(who.body, {
    name: 'boss',
    account: { username: 'boss', role: 'owner', user: 'local' },
    users: [{ namespace: 'default', user: 'local' }],
  })
  t.match(await admin.ask('POST', '/api/v1/auth/links/first'), {
    status: 409,
    body: { code: 'not_the_first' },
  })
  t.match(await join(first.body.secret, 'eve'), { made: { status: 410 } })
  t.match(await client(url).ask('POST', '/api/v1/auth/register', { username: 'eve', password }), {
    status: 403,
    body: { code: 'registration_off' },
  })
})

t.test('a page that cannot read this one changes nothing', async t => {
  const { first, join, url } = await controller(t)
  const { browser, made } = await join(first.body.secret, 'boss')
  const forged = client(url)
  const cookie = made.cookie?.split(';')[0] ?? ''
  const invite = (headers: object) =>
    forged.ask('POST', '/api/v1/accounts/invitations', { role: 'owner' }, { cookie, ...headers })
  t.match(await invite({}), { status: 403, body: { code: 'csrf_token_missing' } })
  t.match(await invite({ 'x-csrf-token': 'x'.repeat(43) }), { status: 403 })
  t.match(await invite({ cookie: `${cookie}; ${cookie}` }), { status: 401 })
  t.match(await browser.ask('POST', '/api/v1/accounts/invitations', { role: 'owner' }), {
    status: 201,
  })
  const elsewhere = { origin: 'https://evil.example' }
  t.match(await browser.ask('GET', '/api/v1/accounts', undefined, elsewhere), { status: 403 })
})

t.test('a role opens what it names and nothing else', async t => {
  const { first, join, invite, url } = await controller(t)
  const { browser: boss } = await join(first.body.secret, 'boss')
  const { browser: viewer } = await invite(boss, 'viewer', 'vera')
  const { browser: analyst } = await invite(boss, 'analyst', 'anton')
  const { browser: admin } = await invite(boss, 'admin', 'adam')
  const answers = async (path: string) => {
    const all = [boss, admin, analyst, viewer, client(url)]
    return Promise.all(all.map(async one => (await one.ask('GET', path)).status))
  }
  t.strictSame(await answers('/api/v1/status'), [200, 200, 200, 200, 401])
  t.strictSame(await answers('/api/v1/audit'), [200, 200, 200, 403, 401])
  t.strictSame(await answers('/api/v1/approval-requests'), [200, 200, 200, 200, 401])
  t.strictSame(await answers('/api/v1/accounts'), [200, 200, 403, 403, 401])
  t.strictSame(await answers('/api/v1/usage'), [200, 200, 200, 403, 401])
  t.match(await admin.ask('POST', '/api/v1/accounts/invitations', { role: 'owner' }), {
    status: 403,
    body: { code: 'not_an_owner' },
  })
  const { body } = await admin.ask('GET', '/api/v1/accounts')
  const accounts = body.accounts as { id: string; username: string }[]
  const id = (name: string) => accounts.find(({ username }) => username === name)?.id
  const demote = { role: 'viewer' }
  t.match(await admin.ask('PUT', `/api/v1/accounts/${id('boss')}`, demote), { status: 403 })
  t.match(await admin.ask('POST', `/api/v1/accounts/${id('vera')}/password-link`), { status: 403 })
  t.match(await boss.ask('PUT', `/api/v1/accounts/${id('boss')}`, demote), {
    status: 409,
    body: { code: 'last_owner' },
  })
  const off = { disabled: true }
  t.match(await admin.ask('PUT', `/api/v1/accounts/${id('vera')}`, off), { status: 200 })
  t.match(await viewer.ask('GET', '/api/v1/status'), { status: 401 })
})

t.test('policies say who an account is, and nobody says so of themselves', async t => {
  const { first, join, invite } = await controller(t)
  const { browser: boss } = await join(first.body.secret, 'boss')
  const { browser: ana } = await invite(boss, 'executor', 'ANA')
  t.match((await ana.ask('GET', '/api/v1/auth/session')).body, {
    account: { username: 'ana' },
    users: [{ namespace: 'default', user: 'ana-ask' }],
  })
  const { browser: eve } = await invite(boss, 'executor', 'local')
  t.strictSame((await eve.ask('GET', '/api/v1/auth/session')).body.users, [])
})

t.test('a program signs in with a password and stays signed in by refreshing', async t => {
  const { first, join, url, later } = await controller(t)
  await join(first.body.secret, 'boss')
  const door = client(url)
  const said = await door.ask('POST', '/api/v1/auth/token', { username: 'boss', password })
  t.match(said.body, { token_type: 'Bearer', expires_in: 3600 })
  const program = client(url, String(said.body.access_token))
  t.match(await program.ask('GET', '/api/v1/accounts'), { status: 200 })
  const invited = { role: 'viewer' }
  t.match(await program.ask('POST', '/api/v1/accounts/invitations', invited), { status: 201 })
  later(3_601_000)
  t.match(await program.ask('GET', '/api/v1/accounts'), { status: 401 })
  const refresh = { refresh_token: said.body.refresh_token }
  const next = await door.ask('POST', '/api/v1/auth/refresh', refresh)
  t.match(await client(url, String(next.body.access_token)).ask('GET', '/api/v1/accounts'), {
    status: 200,
  })
  t.match(await door.ask('POST', '/api/v1/auth/refresh', refresh), { status: 401 })
  t.match(await client(url, String(next.body.access_token)).ask('GET', '/api/v1/accounts'), {
    status: 401,
  })
  const asAccess = client(url, String(next.body.refresh_token))
  t.match(await asAccess.ask('GET', '/api/v1/accounts'), { status: 401 })
})

t.test('a guesser has few guesses, and learns nothing of names', async t => {
  const { first, join, url, later, w } = await controller(t)
  await join(first.body.secret, 'boss')
  const door = client(url)
  const guess = (username: string) =>
    door.ask('POST', '/api/v1/auth/session', { username, password: 'not the password, no' })
  const [known, unknown] = [await guess('boss'), await guess('nobody')]
  t.strictSame(known.body, unknown.body)
  t.equal(known.status, 401)
  for (let i = 0; i < 9; i++) await guess('boss')
  t.match(await guess('boss'), { status: 429, body: { code: 'too_many' } })
  t.match(await door.ask('POST', '/api/v1/auth/session', { username: 'boss', password }), {
    status: 429,
  })
  later(60_000)
  t.match(await door.ask('POST', '/api/v1/auth/session', { username: 'boss', password }), {
    status: 204,
  })
  t.notMatch(JSON.stringify(w.log), password)
  t.notMatch(JSON.stringify(w.log), 'not the password')
})

t.test('a new password signs out everywhere else', async t => {
  const { first, join, url } = await controller(t)
  const { browser } = await join(first.body.secret, 'boss')
  const other = client(url)
  await other.ask('POST', '/api/v1/auth/session', { username: 'boss', password })
  const { body } = await browser.ask('GET', '/api/v1/auth/sessions')
  t.strictSame((body.sessions as { current: boolean }[]).map(({ current }) => current).sort(), [
    false,
    true,
  ])
  const newPassword = 'another horse, another staple'
  const change = (password: string) =>
    browser.ask('PUT', '/api/v1/auth/password', { password, newPassword })
  t.match(await change('wrong'), { status: 403, body: { code: 'wrong_password' } })
  t.match(await change(password), { status: 204 })
  t.match(await browser.ask('GET', '/api/v1/status'), { status: 200 })
  t.match(await other.ask('GET', '/api/v1/status'), { status: 401 })
  t.match(await browser.ask('DELETE', '/api/v1/auth/session'), { status: 204 })
  t.match(await browser.ask('GET', '/api/v1/status'), { status: 401 })
})

t.test('the live connection opens by the cookie, and ends with it', async t => {
  const { first, join, url } = await controller(t)
  const { browser, made } = await join(first.body.secret, 'boss')
  const cookie = made.cookie?.split(';')[0] ?? ''
  const live = await connectLive(t, url, { headers: { cookie } })
  t.match(live.handshake, { type: 'handshake', authenticated: true })
  t.match(await live.ask({ type: 'subscribe', topic: 'activity' }), { type: 'subscription_ack' })
  await t.rejects(connectLive(t, url, { headers: { cookie, origin: 'https://evil.example' } }), {
    message: 'refused with 403',
  })
  await browser.ask('DELETE', '/api/v1/auth/session')
  t.strictSame(await live.closed(), [1008, 'signed out'])
})
