import t from 'tap'
import { clientOf, oauthWorld, read, reported } from './oauth-world.ts'

t.test('a person is asked for the rights that a call needs besides those there are', async t => {
  const { logIn, proxy, authority, guarded, logins } = await oauthWorld(t)
  guarded.resource = { scopes_supported: ['list', 'see'] }
  await logIn()
  t.match(authority.asked.at(-2)?.params, { scope: 'list see' })
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  guarded.needs = 'write'
  t.match(
    await read(client),
    /the server wants more rights \(write\): run `writ servers login guarded`/,
  )
  t.match(await logins.read('default', 'guarded'), { scope: 'list see', wanted: 'write' })
  t.equal(made.reports[0]?.state, 'connected', 'its other tools can be used')
  await logIn()
  t.match(authority.asked.at(-2)?.params, { scope: 'list see write' })
  t.equal(await read(client), '{"text":"x"}')
})

t.test('no more rights are asked for than the policy names', async t => {
  const { logIn, proxy, authority, guarded, logins } = await oauthWorld(t)
  const auth = { scopes: ['list'] }
  guarded.resource = { scopes_supported: ['list', 'see'] }
  await logIn(auth)
  t.match(authority.asked.at(-2)?.params, { scope: 'list' })
  const made = await proxy(auth)
  await made.connected()
  guarded.needs = 'write'
  t.match(
    await read(await clientOf(made)),
    /the server wants more rights \(write\) than auth.scopes names/,
  )
  t.equal((await logins.read('default', 'guarded'))?.wanted, undefined)
})

const machine = {
  grant: 'client_credentials',
  clientId: 'writ',
  secretRef: { name: 'guarded', key: 'secret' },
}

t.test('a client that acts for itself needs no person, and steps up by itself', async t => {
  const { proxy, authority, guarded } = await oauthWorld(t)
  guarded.resource = { scopes_supported: ['list'] }
  const made = await proxy(machine)
  await made.connected()
  guarded.needs = 'write'
  t.equal(await read(await clientOf(made)), '{"text":"x"}')
  t.strictSame(
    authority.asked.map(({ path, params, authorization }) => ({ path, ...params, authorization })),
    ['list', 'list write'].map(scope => ({
      path: '/token',
      grant_type: 'client_credentials',
      resource: guarded.url,
      scope,
      authorization: `Basic ${Buffer.from('writ:client-hush').toString('base64')}`,
    })),
  )
})

t.test('a client that is given too little steps up once', async t => {
  const { proxy, authority, guarded } = await oauthWorld(t)
  const made = await proxy(machine)
  await made.connected()
  const client = await clientOf(made)
  guarded.needs = 'write'
  let n = 0
  authority.onToken = () => {
    const access_token = `weak-${++n}`
    authority.valid.set(access_token, 'list')
    return [200, { access_token, token_type: 'bearer' }]
  }
  t.match(await read(client), /rights \(write\) that it was asked for already/)
  t.match(await read(client), /rights \(write\) that it was asked for already/)
  t.equal(n, 1)
})

t.test('a client that is not known makes the server fail, without its secret', async t => {
  const { proxy, authority } = await oauthWorld(t)
  authority.onToken = () => [401, { error: 'invalid_client', error_description: 'client-hush' }]
  const made = await proxy(machine)
  await reported(made, /^failed the authorization server answered invalid_client$/)
  t.notMatch(JSON.stringify([made.reports, made.logged]), /hush/)
})

t.test('the secret of a client stays with the authorization server it went to first', async t => {
  const { proxy, authority, guarded } = await oauthWorld(t)
  const made = await proxy(machine)
  await made.connected()
  const elsewhere = await oauthWorld(t)
  guarded.authorities = [elsewhere.authority.url]
  authority.valid.clear()
  t.match(await read(await clientOf(made)), /names another authorization server than before/)
  t.strictSame(elsewhere.authority.asked, [])
})
