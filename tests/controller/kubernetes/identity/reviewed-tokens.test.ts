import t from 'tap'
import {
  type ReviewedTokensNeeds,
  reviewedTokens,
} from '../../../../controller/kubernetes/identity/reviewed-tokens.ts'
import type { TokenVerdict } from '../../../../controller/kubernetes/kube.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that claims what the API server would sign. */
function token(some: object = {}, signature = 'sig'): string {
  const claims = {
    aud: ['writ'],
    sub: 'system:serviceaccount:team-a:claude',
    exp: noon / 1000 + 3600,
    ...some,
  }
  return `${base64({ alg: 'RS256' })}.${base64(claims)}.${signature}`
}

const pod = { name: 'agent-0', uid: '2f1c' }
const good: TokenVerdict = {
  authenticated: true,
  username: 'system:serviceaccount:team-a:claude',
  uid: 'uid',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:team-a', 'system:authenticated'],
  audiences: ['writ'],
  extra: {
    'authentication.kubernetes.io/pod-name': [pod.name],
    'authentication.kubernetes.io/pod-uid': [pod.uid],
  },
}

/** An API server that answers what it is told to, and a clock. */
function cluster(answer: ReviewedTokensNeeds['review'] = async () => good) {
  const state = { now: noon, answer, asked: [] as string[], log: [] as string[] }
  const say = (_fields: object, message: string) => state.log.push(message)
  const podOf = reviewedTokens({
    now: () => state.now,
    log: { warn: say, info: say },
    review: (token, audiences) => {
      state.asked.push(token)
      if (audiences.join() !== 'writ') t.fail('asked for another audience')
      return state.answer(token, audiences)
    },
  })
  return Object.assign(state, {
    podOf: (token: string, from = '10.0.0.1') => podOf(token, from),
  })
}

t.test('a token is that of the pod that the API server names', async t => {
  const { podOf } = cluster()
  t.strictSame(await podOf(token()), { namespace: 'team-a', serviceAccount: 'claude', pod })
})

t.test('what the API server does not vouch for whole is nobody’s', async t => {
  const wrong: Readonly<Record<string, Partial<TokenVerdict>>> = {
    'not authenticated': { authenticated: false },
    'for another audience': { audiences: ['https://kubernetes.default.svc'] },
    'for no audience that is known': { audiences: [] },
    'of a person': { username: 'ana' },
    'of a node': { username: 'system:node:team-a:claude' },
    'of somebody else than it says': { username: 'system:serviceaccount:team-b:claude' },
    'of no service account of the namespace': { groups: ['system:serviceaccounts:team-b'] },
    'of no pod': { extra: {} },
    'of a pod without uid': { extra: { 'authentication.kubernetes.io/pod-name': ['x'] } },
    'of two pods': {
      extra: { ...good.extra, 'authentication.kubernetes.io/pod-uid': ['one', 'two'] },
    },
    'of a pod with an odd name': {
      extra: { ...good.extra, 'authentication.kubernetes.io/pod-name': ['../a'] },
    },
  }
  for (const [what, some] of Object.entries(wrong)) {
    const { podOf } = cluster(async () => ({ ...good, ...some }))
    t.equal(await podOf(token()), null, what)
  }
})

t.test('what cannot be such a token is not worth a question', async t => {
  const world = cluster()
  for (const text of [
    'not-a-token',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    `e.${base64([])}.s`,
    token({ aud: 'https://kubernetes.default.svc' }),
    token({ aud: undefined }),
    token({ sub: 'ana' }),
    token({ exp: undefined }),
    token({ exp: noon / 1000 }),
    token({ exp: '9999999999' }),
    token({}, 's'.repeat(5000)),
  ]) {
    t.equal(await world.podOf(text), null, text.slice(0, 80))
  }
  t.strictSame(world.asked, [])
})

t.test('an answer is believed for a minute, a refusal for ten seconds', async t => {
  const world = cluster()
  t.ok(await world.podOf(token()))
  world.answer = async () => ({ ...good, authenticated: false })
  world.now = noon + 59_999
  t.ok(await world.podOf(token()))
  world.now = noon + 60_000
  t.equal(await world.podOf(token()), null, 'the pod is gone')
  world.answer = async () => good
  world.now += 9999
  t.equal(await world.podOf(token()), null)
  world.now += 1
  t.ok(await world.podOf(token()))
  t.equal(world.asked.length, 3)
})

t.test('no answer is believed past the end of its token', async t => {
  const world = cluster()
  const short = token({ exp: noon / 1000 + 10 })
  t.ok(await world.podOf(short))
  world.now = noon + 9999
  t.ok(await world.podOf(short))
  world.now = noon + 10_000
  t.equal(await world.podOf(short), null)
  t.equal(world.asked.length, 1)
})

t.test('those who show one token at once are one question', async t => {
  const world = cluster()
  const all = await Promise.all(Array.from({ length: 20 }, () => world.podOf(token())))
  t.equal(all.filter(found => found !== null).length, 20)
  t.equal(world.asked.length, 1)
})

t.test('an API server that is away is no refusal, is told once, and is asked again', async t => {
  const world = cluster(() => Promise.reject(new Error('no route')))
  for (let i = 0; i < 3; i += 1) {
    await t.rejects(world.podOf(token()), { code: 'identity_unavailable' })
  }
  t.equal(world.asked.length, 3)
  world.answer = async () => good
  t.ok(await world.podOf(token()))
  t.strictSame(world.log, [
    'tokens of proxies cannot be reviewed',
    'tokens of proxies are reviewed again',
  ])
  world.answer = () => Promise.reject(new Error('no route'))
  world.now = noon + 59_999
  t.ok(await world.podOf(token()), 'who was known still is')
  world.now = noon + 60_000
  await t.rejects(world.podOf(token()), { code: 'identity_unavailable' })
})

t.test(
  'a flood of forged tokens makes a few questions, keeps nobody waiting and forgets nobody',
  async t => {
    const held = Promise.withResolvers<void>()
    const world = cluster()
    t.ok(await world.podOf(token()))
    world.answer = async shown => {
      if (!shown.includes('.forged')) return good
      await held.promise
      return { ...good, authenticated: false }
    }
    const flood = (from: (i: number) => string) =>
      Array.from({ length: 1000 }, (_, i) =>
        world.podOf(token({}, `forged-${from(i).replaceAll('.', '_')}-${i}`), from(i)),
      )
    const first = Promise.allSettled(flood(() => '10.0.0.66'))
    t.equal(world.asked.length, 1 + 4, 'of one address')
    t.ok(await world.podOf(token()), 'who is known is served')
    t.ok(await world.podOf(token({}, 'late'), '10.0.0.2'), 'and so is who comes from elsewhere')
    const second = Promise.allSettled(flood(i => `10.0.1.${i % 250}`))
    t.equal(world.asked.length, 1 + 4 + 1 + 28, 'of all addresses')
    held.resolve()
    const endings = [...(await first), ...(await second)]
    t.equal(endings.filter(({ status }) => status === 'rejected').length, 2000 - 32)
    for (let i = 0; i < 2000; i += 1) await world.podOf(token({}, `forged-${i}`))
    const before = world.asked.length
    t.ok(await world.podOf(token()))
    t.equal(world.asked.length, before, 'still known')
  },
)
