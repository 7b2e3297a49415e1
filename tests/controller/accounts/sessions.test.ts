import t from 'tap'
import { Accounts } from '../../../controller/accounts/accounts.ts'
import { csrfTokenOf, Sessions } from '../../../controller/accounts/sessions.ts'
import { everyStore } from '../stores.ts'

const from = { address: '192.0.2.1', userAgent: 'tests\0' }
const hour = 3_600_000

everyStore(t, async (t, stores) => {
  const world = async () => {
    const { db } = await stores.empty()
    let at = Date.parse('2026-11-21T12:00:00.000Z')
    const now = () => at
    const accounts = new Accounts({ db, now })
    const make = (username: string) =>
      accounts.make(
        {
          ...{ username, displayName: username, role: 'owner', user: null },
          by: { issuer: 'https://id.example.com', subject: username },
        },
        'tests',
      )
    const [ana, bob] = [await make('ana'), await make('bob')]
    return {
      db,
      accounts,
      ana,
      bob,
      sessions: new Sessions({ db, now }),
      later: (ms: number) => (at += ms),
    }
  }

  await t.test('a browser is signed in by a secret of which the store has the hash', async t => {
    const { db, sessions, ana } = await world()
    const secret = await sessions.open(ana.id, from)
    t.match(secret, /^writ_ses_[\w-]{43}$/)
    const found = await sessions.of(secret)
    t.strictSame(found, { session: found?.session, account: ana.id, kind: 'browser' })
    t.equal(await sessions.of(`${secret}x`), null)
    t.equal(await sessions.of(''), null)
    const rows = await db.selectFrom('account_sessions').selectAll().execute()
    t.notMatch(JSON.stringify(rows), secret.slice(10))
  })

  await t.test(
    'who is not there for half a day is signed out, and everybody after a month',
    async t => {
      const { sessions, ana, later } = await world()
      const idle = await sessions.open(ana.id, from)
      later(12 * hour + 1)
      t.equal(await sessions.of(idle), null)
      const busy = await sessions.open(ana.id, from)
      for (let passed = 0; passed < 30 * 24; passed += 11) {
        t.ok(await sessions.of(busy), `after ${passed} hours`)
        later(11 * hour)
      }
      t.equal(await sessions.of(busy), null)
      await sessions.forget()
      t.strictSame(await sessions.list(ana.id), [])
    },
  )

  await t.test('a program gets new tokens with each refresh token once', async t => {
    const { sessions, ana, later } = await world()
    const first = await sessions.openForProgram(ana.id, from)
    t.equal(first.expiresIn, 3600)
    t.equal((await sessions.of(first.accessToken))?.kind, 'access')
    t.equal(await sessions.of(first.refreshToken), null, 'a refresh token opens nothing')
    t.equal(await sessions.refresh(first.accessToken, from), null)
    later(hour + 1)
    t.equal(await sessions.of(first.accessToken), null)
    const second = await sessions.refresh(first.refreshToken, from)
    t.equal((await sessions.of(second?.accessToken ?? ''))?.account, ana.id)
    t.equal(await sessions.refresh(first.refreshToken, from), null, 'it was stolen')
    t.equal(await sessions.of(second?.accessToken ?? ''), null, 'and so nobody is signed in')
    t.equal(await sessions.refresh(second?.refreshToken ?? '', from), null)
  })

  await t.test('of two who refresh at once nobody stays', async t => {
    const { sessions, ana } = await world()
    const { refreshToken } = await sessions.openForProgram(ana.id, from)
    const both = await Promise.all([1, 2].map(() => sessions.refresh(refreshToken, from)))
    const got = both.filter(tokens => tokens !== null)
    t.ok(got.length <= 1)
    for (const { refreshToken: next } of got) await sessions.refresh(next, from)
    t.strictSame((await sessions.list(ana.id)).length <= 1, true)
  })

  await t.test('a session ends by its owner alone, or with the account', async t => {
    const { sessions, accounts, ana, bob } = await world()
    const [one, two] = [await sessions.open(ana.id, from), await sessions.open(ana.id, from)]
    const other = await sessions.open(bob.id, from)
    const session = (await sessions.of(one))?.session ?? ''
    await sessions.end(bob.id, session)
    t.ok(await sessions.of(one), 'not by somebody else')
    await sessions.endAll(ana.id, session)
    t.ok(await sessions.of(one))
    t.equal(await sessions.of(two), null)
    await accounts.change(ana.id, { disabled: true })
    t.equal(await sessions.of(one), null)
    t.ok(await sessions.of(other))
    t.strictSame(
      (await sessions.list(bob.id)).map(({ address, userAgent, kind }) => ({
        address,
        userAgent,
        kind,
      })),
      [{ address: '192.0.2.1', userAgent: 'tests', kind: 'browser' }],
    )
  })

  await t.test('what a page shows with a change belongs to its cookie', async t => {
    const { sessions, ana } = await world()
    const [one, two] = [await sessions.open(ana.id, from), await sessions.open(ana.id, from)]
    t.equal(csrfTokenOf(one), csrfTokenOf(one))
    t.not(csrfTokenOf(one), csrfTokenOf(two))
    t.notMatch(csrfTokenOf(one), one)
  })
})
