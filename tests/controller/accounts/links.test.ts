import t from 'tap'
import { Accounts } from '../../../controller/accounts/accounts.ts'
import { Links } from '../../../controller/accounts/links.ts'
import { everyStore } from '../stores.ts'

const password = 'correct horse battery staple'
const filled = { username: 'ana', displayName: 'Ana Ask', password }
const unusable = { code: 'link_unusable' }

everyStore(t, async (t, stores) => {
  const world = async () => {
    const { db } = await stores.empty()
    let at = Date.parse('2026-11-21T12:00:00.000Z')
    const now = () => at
    const accounts = new Accounts({ db, now })
    return { accounts, links: new Links({ db, accounts, now }), later: (ms: number) => (at += ms) }
  }

  await t.test('the first account is an owner, made by one link, once', async t => {
    const { accounts, links } = await world()
    const secret = await links.make({ for: 'first', user: 'local' }, 'writ up')
    t.strictSame(await links.look(secret), {
      for: 'first',
      role: 'owner',
      username: null,
      expiresAt: '2026-11-21T13:00:00.000Z',
    })
    const tries = ['ana', 'eve'].map(username => links.use(secret, { ...filled, username }))
    const settled = await Promise.allSettled(tries)
    t.strictSame(settled.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    const [made] = await accounts.list()
    t.equal((await accounts.list()).length, 1)
    t.match(made, { role: 'owner', user: 'local' })
    t.equal(await links.look(secret), null)
    await t.rejects(links.use(secret, filled), unusable)
  })

  await t.test(
    'of two first links the newer is good, and none when there is an account',
    async t => {
      const { accounts, links } = await world()
      const older = await links.make({ for: 'first', user: null }, 'writ up')
      const newer = await links.make({ for: 'first', user: null }, 'writ up')
      await t.rejects(links.use(older, filled), unusable)
      const by = { issuer: 'https://id.example.com', subject: '1' }
      await accounts.make(
        { username: 'bob', displayName: 'Bob', role: 'viewer', user: null, by },
        'x',
      )
      await t.rejects(links.use(newer, filled), unusable)
      t.equal((await accounts.list()).length, 1)
    },
  )

  await t.test('an invitation gives the role that was meant and no other', async t => {
    const { links } = await world()
    const purpose = { for: 'invitation', role: 'analyst' } as const
    const secret = await links.make(purpose, 'bob')
    const more = { ...filled, role: 'owner', user: 'bob' }
    const made = await links.use(secret, more)
    t.match(made, { role: 'analyst', username: 'ana' })
    t.notOk('user' in made, 'policies say who that is')
  })

  await t.test('a link that was filled in wrongly is still good', async t => {
    const { links } = await world()
    const secret = await links.make({ for: 'first', user: null }, 'writ up')
    await t.rejects(links.use(secret, { ...filled, password: 'short' }), {
      code: 'password_unusable',
    })
    await t.rejects(links.use(secret, { ...filled, username: '' }), { code: 'username_unusable' })
    t.match(await links.use(secret, filled), { username: 'ana' })
    const invited = await links.make({ for: 'invitation', role: 'viewer' }, 'ana')
    await t.rejects(links.use(invited, filled), { code: 'username_taken' })
    t.match(await links.use(invited, { ...filled, username: 'bob' }), { username: 'bob' })
  })

  await t.test('a link sets the password of its account', async t => {
    const { accounts, links } = await world()
    const first = await links.make({ for: 'first', user: null }, 'writ up')
    const { id } = await links.use(first, filled)
    const secret = await links.make({ for: 'password', account: id }, 'admin')
    t.match(await links.look(secret), { for: 'password', username: 'ana' })
    const other = 'another horse, another staple'
    await links.use(secret, { username: 'eve', displayName: 'Eve', password: other })
    t.equal((await accounts.withPassword('ana', other))?.id, id)
    t.equal((await accounts.list()).length, 1)
    await t.rejects(links.make({ for: 'password', account: 'acc-nobody' }, 'x'), {
      code: 'unknown_account',
    })
  })

  await t.test('a link expires', async t => {
    const { links, later } = await world()
    const secret = await links.make({ for: 'first', user: null }, 'writ up')
    later(3_600_001)
    t.equal(await links.look(secret), null)
    await t.rejects(links.use(secret, filled), unusable)
    await t.rejects(links.use('writ_lnk_guess', filled), unusable)
  })
})
