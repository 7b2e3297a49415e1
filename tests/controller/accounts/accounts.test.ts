import t from 'tap'
import { Accounts, type NewAccount } from '../../../controller/accounts/accounts.ts'
import { everyStore } from '../stores.ts'

const password = 'correct horse battery staple'

const ana: NewAccount = {
  username: 'Ana',
  displayName: 'Ana Ask',
  role: 'owner',
  user: 'ana',
  by: { password },
}

everyStore(t, async (t, stores) => {
  const world = async () => {
    const { db } = await stores.empty()
    let at = Date.parse('2026-11-21T12:00:00.000Z')
    const accounts = new Accounts({ db, now: () => at })
    return { db, accounts, later: (ms: number) => (at += ms) }
  }

  await t.test('whoever knows name and password is let in', async t => {
    const { accounts } = await world()
    t.ok(await accounts.areNone())
    const made = await accounts.make(ana, 'first link')
    t.strictSame(made, {
      id: made.id,
      username: 'ana',
      displayName: 'Ana Ask',
      role: 'owner',
      user: 'ana',
      signsInBy: 'password',
      createdAt: '2026-11-21T12:00:00.000Z',
    })
    t.notOk(await accounts.areNone())
    t.strictSame(await accounts.withPassword('ANA', password), made)
    t.equal(await accounts.withPassword('ana', `${password}!`), null)
    t.equal(await accounts.withPassword('bob', password), null)
    t.equal(await accounts.withPassword('ana\0', password), null)
  })

  await t.test('no password is in the store', async t => {
    const { db, accounts } = await world()
    await accounts.make(ana, 'first link')
    const rows = await db.selectFrom('accounts').selectAll().execute()
    t.notMatch(JSON.stringify(rows), password)
  })

  await t.test('a name is given once, however it is written', async t => {
    const { accounts } = await world()
    const both = [accounts.make(ana, 'x'), accounts.make({ ...ana, username: 'aNA' }, 'x')]
    const settled = await Promise.allSettled(both)
    t.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    const lost = settled.find(one => one.status === 'rejected')
    t.equal(lost?.reason.code, 'username_taken')
    for (const username of ['', ' ana', 'a b', 'é', 'x'.repeat(65), '../ana', 'ana\n']) {
      await t.rejects(accounts.make({ ...ana, username }, 'x'), { code: 'username_unusable' })
    }
  })

  await t.test('a password that is changed opens, and the one before no more', async t => {
    const { accounts } = await world()
    const { id, username } = await accounts.make(ana, 'x')
    await t.rejects(accounts.hashFor(username, 'short'), { code: 'password_unusable' })
    const other = 'another horse, another staple'
    await accounts.setPassword(id, await accounts.hashFor(username, other))
    t.equal((await accounts.withPassword('ana', other))?.id, id)
    t.equal(await accounts.withPassword('ana', password), null)
  })

  await t.test('the last owner stays one', async t => {
    const { accounts } = await world()
    const { id } = await accounts.make(ana, 'x')
    const { id: other } = await accounts.make({ ...ana, username: 'bob' }, 'x')
    const both = await Promise.allSettled([
      accounts.change(id, { role: 'viewer' }),
      accounts.change(other, { disabled: true }),
    ])
    t.strictSame(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    const lost = both.find(one => one.status === 'rejected')
    t.equal(lost?.reason.code, 'last_owner')
    const owners = (await accounts.list()).filter(one => one.role === 'owner' && !one.disabledAt)
    t.equal(owners.length, 1)
  })

  await t.test('an account that is disabled is not let in, until it is enabled', async t => {
    const { accounts } = await world()
    await accounts.make({ ...ana, username: 'root' }, 'x')
    const { id } = await accounts.make(ana, 'x')
    const disabled = await accounts.change(id, { disabled: true })
    t.equal(disabled.disabledAt, '2026-11-21T12:00:00.000Z')
    t.equal(await accounts.withPassword('ana', password), null)
    await accounts.change(id, { disabled: false, displayName: 'Ana' })
    t.equal((await accounts.withPassword('ana', password))?.displayName, 'Ana')
    await t.rejects(accounts.change('acc-nobody', { role: 'owner' }), { code: 'unknown_account' })
  })

  await t.test('who signs in elsewhere has no password here', async t => {
    const { accounts } = await world()
    const by = { issuer: 'https://id.example.com', subject: '4711' }
    const made = await accounts.make({ ...ana, by }, 'oidc')
    t.equal(made.signsInBy, 'oidc')
    t.strictSame(await accounts.withSubject(by.issuer, by.subject), made)
    t.equal(await accounts.withSubject('https://evil.example.com', by.subject), null)
    t.equal(await accounts.withPassword('ana', ''), null)
    t.equal(await accounts.withPassword('ana', 'the password of nobody at all'), null)
  })

  await t.test('only so many passwords are looked at at once', async t => {
    const { accounts } = await world()
    await accounts.make(ana, 'x')
    const tries = Array.from({ length: 60 }, () => accounts.withPassword('ana', 'wrong'))
    const settled = await Promise.allSettled(tries)
    const busy = settled.filter(one => one.status === 'rejected' && one.reason.code === 'busy')
    t.ok(busy.length > 0 && busy.length < 60, `${busy.length} of 60 were sent away`)
    t.ok(await accounts.withPassword('ana', password), 'and then it answers again')
  })
})
