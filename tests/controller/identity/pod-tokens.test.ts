import t from 'tap'
import { tokens } from '../world.ts'
import { entryOf, podKey, pods, podWorld, tokenOf } from './pod-world.ts'

const world = await podWorld(t)
const key = '/api/v1/key'

t.test('a pod is let in to what is for proxies, and to nothing else', async t => {
  t.equal((await world.as('a1', key)).status, 200)
  for (const path of ['/api/v1/tables', '/api/v1/audit', '/api/v1/approval-requests']) {
    const { status, body } = await world.as('a1', path)
    t.strictSame([status, body.detail], [403, 'The token of a proxy does not open this.'], path)
  }
  t.equal((await world.as('the.token.of-nobody', key)).status, 401)
})

t.test('a token may be as long as those of pods are', async t => {
  const long = `e.${'x'.repeat(4000)}.s`
  world.known.set(long, pods.a1)
  t.equal((await world.as(long, key)).status, 200)
  t.equal((await world.as(`${long}${'x'.repeat(200)}`, key)).status, 401)
})

t.test('that nobody can say whose a token is says nothing about the token', async t => {
  world.away = true
  const { status, body } = await world.as('a1', key)
  t.strictSame([status, body.code], [503, 'identity_unavailable'])
  t.equal((await world.as(tokens.proxy, key)).status, 200, 'others are known without asking')
  t.equal((await world.as(tokens.admin, key)).status, 200)
  world.away = false
  t.equal((await world.as('a1', key)).status, 200)
})

t.test('a token that is nobody’s any more opens nothing any more', async t => {
  const token = tokenOf('gone')
  world.known.set(token, pods.a1)
  t.equal((await world.as(token, key)).status, 200)
  world.known.delete(token)
  t.equal((await world.as(token, key)).status, 401)
})

t.test('a name belongs to whoever used it first', async t => {
  const begin = async (token: string, proxy: string) => {
    const body = { proxy, run: 'run 1', firstSeq: 1, start: 1 }
    return (await world.as(token, '/api/v1/budgets/runs', { method: 'POST', body })).status
  }
  t.equal(await begin(tokens.proxy, 'of-the-installation'), 204)
  t.equal(await begin('a1', 'of-the-installation'), 403)
  t.equal(await begin('a1', 'of-a1'), 204)
  t.equal(await begin(tokens.proxy, 'of-a1'), 403, 'not even for who may speak for all')
  t.equal(await begin('a2', 'of-a1'), 403)
  const again = tokenOf('a1 again')
  const { namespace, serviceAccount } = pods.a1
  world.known.set(again.replace(' ', '-'), {
    ...{ namespace, serviceAccount },
    pod: { name: 'a1', uid: 'another uid' },
  })
  t.equal(await begin(again.replace(' ', '-'), 'of-a1'), 403, 'nor for a pod that has its name')
  t.equal(await begin('a1', 'of-a1'), 204)
})

t.test('of several who use a name at once one has it', async t => {
  const begin = async (token: string) => {
    const body = { proxy: 'wanted-by-all', run: 'run 1', firstSeq: 1, start: 1 }
    return (await world.as(token, '/api/v1/budgets/runs', { method: 'POST', body })).status
  }
  const answers = await Promise.all(['a1', 'a2', 'b1'].map(begin))
  t.strictSame(answers.sort(), [204, 403, 403])
})

t.test('a pod has a few names and no more', async t => {
  const token = tokenOf('greedy')
  world.known.set(token, { ...pods.a1, pod: { name: 'greedy', uid: 'uid-of-greedy' } })
  const statuses = []
  for (let i = 0; i < 17; i += 1) {
    const body = { proxy: `greedy-${i}`, run: 'run 1', firstSeq: 1, start: 1 }
    statuses.push((await world.as(token, '/api/v1/budgets/runs', { method: 'POST', body })).status)
  }
  t.strictSame(statuses, [...Array.from({ length: 16 }, () => 204), 429])
})

t.test(
  'who calls without a key speaks for agents that name its service account, or none',
  async t => {
    const ask = async (token: string, agent: string) => {
      const question = await world.question('team-a', {
        ...{ proxy: `proxy-of-${token}`, agent, apiKey: 'pod:claude' },
        keySha256: podKey('team-a', agent),
      })
      const sent = { method: 'POST', body: question }
      const { status, body } = await world.as(token, '/api/v1/approvals/questions', sent)
      return [status, body.state ?? body.code]
    }
    t.strictSame(await ask('a1', 'careful'), [200, 'pending'])
    t.strictSame(await ask('a3', 'careful'), [403, 'foreign_agent'])
    t.strictSame(await ask('a3', 'bot'), [200, 'pending'], 'bot names none')
    t.strictSame(await ask(tokens.proxy, 'careful'), [403, 'foreign_agent'], 'which is no pod')
  },
)

t.test('what a pod did without a key is handed in by who runs as it says', async t => {
  const hand = async (token: string, apiKey: string) => {
    const body = entryOf(`journal-of-${token}`, 1, { namespace: 'team-a', apiKey })
    const sent = { method: 'POST', type: 'application/x-ndjson', body }
    const { status, body: answer } = await world.as(token, '/api/v1/records', sent)
    return [status, answer.code ?? answer.stored]
  }
  t.strictSame(await hand('a3', 'pod:claude'), [403, 'foreign_agent'])
  t.strictSame(await hand('a3', 'pod:intern'), [200, 1])
  t.strictSame(await hand('a1', 'pod:claude'), [200, 1])
})
