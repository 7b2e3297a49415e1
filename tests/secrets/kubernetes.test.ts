import t from 'tap'
import { SecretsFailure } from '../../secrets/failure.ts'
import { kubernetesSecrets } from '../../secrets/kubernetes/kubernetes-secrets.ts'
import type { SecretAnswer } from '../../secrets/kubernetes/secret-api.ts'

const github = { name: 'github', key: 'token' }
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const opaque = (data: object): SecretAnswer => ({ status: 200, body: { type: 'Opaque', data } })

/** An API server that answers what it is told to, and a clock. */
function cluster(first: SecretAnswer | Error) {
  const asked: string[] = []
  const clock = { now: 0, answer: first }
  const world = Object.assign(clock, {
    asked,
    look: kubernetesSecrets({
      now: () => clock.now,
      api: {
        async get(namespace, name) {
          asked.push(`${namespace}/${name}`)
          if (clock.answer instanceof Error) throw clock.answer
          return clock.answer
        },
      },
    }),
  })
  return world
}

t.test('a reference is a key of the Secret with its name, in its namespace', async t => {
  const { look, asked } = cluster(opaque({ token: base64('of-team-a\n') }))
  t.equal(await look('team-a', github), 'of-team-a\n')
  t.equal(await look('team-a', { name: 'github', key: 'other' }), null)
  t.equal(await look('team-a', { name: 'github', key: 'toString' }), null)
  t.strictSame(asked, ['team-a/github'], 'once for all its keys')
})

t.test('no name leads anywhere but to a Secret', async t => {
  const { look, asked } = cluster(opaque({ token: base64('x') }))
  for (const name of ['', '..', '../../nodes', 'a/b', 'a?watch=true', '%2e%2e', 'a#b']) {
    t.equal(await look('team-a', { name, key: 'token' }), null, name)
    t.equal(await look(name, github), null, name)
  }
  t.strictSame(asked, [])
})

t.test(
  'an answer is used for half a minute, and what is not there is asked for as seldom',
  async t => {
    const world = cluster({ status: 404, body: {} })
    t.equal(await world.look('team-a', github), null)
    world.answer = opaque({ token: base64('new') })
    world.now = 29_999
    t.equal(await world.look('team-a', github), null)
    world.now = 30_000
    t.equal(await world.look('team-a', github), 'new')
    t.equal(world.asked.length, 2)
  },
)

t.test('those who want it at once ask once', async t => {
  const world = cluster(opaque({ token: base64('x') }))
  const looks = Array.from({ length: 5 }, () => world.look('team-a', github))
  t.strictSame(new Set(await Promise.all(looks)), new Set(['x']))
  t.equal(world.asked.length, 1)
})

t.test('while the API server is away, what it said within ten minutes is used', async t => {
  const world = cluster(opaque({ token: base64('old') }))
  await world.look('team-a', github)
  world.answer = new SecretsFailure('kubernetes_unreachable', 'away')
  world.now = 9 * 60_000
  t.equal(await world.look('team-a', github), 'old')
  world.answer = { status: 503, body: null }
  t.equal(await world.look('team-a', github), 'old')
  world.now = 10 * 60_000
  await t.rejects(world.look('team-a', github), { code: 'kubernetes_unreachable' })
  await t.rejects(world.look('team-b', github), { code: 'kubernetes_unreachable' })
})

t.test('what is refused is refused at once, and the failure says what is missing', async t => {
  const world = cluster(opaque({ token: base64('old') }))
  await world.look('team-a', github)
  world.now = 30_000
  world.answer = { status: 403, body: { message: 'forbidden' } }
  const missing =
    'this service account may not get the Secret github in namespace team-a: bind it to a Role there with ' +
    'apiGroups [""], resources ["secrets"], resourceNames ["github"], verbs ["get"]'
  await t.rejects(world.look('team-a', github), { code: 'kubernetes_refused', message: missing })
  world.answer = { status: 401, body: null }
  await t.rejects(world.look('team-a', github), { code: 'kubernetes_refused' })
})

t.test('the token of a service account is given to nobody', async t => {
  const body = { type: 'kubernetes.io/service-account-token', data: { token: base64('x') } }
  const { look } = cluster({ status: 200, body })
  await t.rejects(look('team-a', github), { code: 'kubernetes_refused' })
})

t.test('what is no text, or too long, is no secret', async t => {
  for (const value of [base64(Buffer.from([0xff, 0xfe])), base64('x'.repeat(65_537))]) {
    const { look } = cluster(opaque({ token: value }))
    await t.rejects(look('team-a', github), { code: 'value_unusable' })
  }
})
