import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { world } from '../world.ts'
import { inForce, repositoryAt, sourceText, statusOf } from './installation.ts'
import { policyText, testRepository } from './repositories.ts'

t.test('a signed webhook wakes, and one that is not changes nothing', async t => {
  const { there, here, url, source } = await webhookInstallation(t)
  const body = JSON.stringify({ ref: 'refs/heads/main' })
  const send = async (name: string, headers: Record<string, string>) => {
    const answer = await fetch(new URL(`/api/v1/webhooks/git/${name}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    return answer.status
  }
  const signature = (secret: string) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  t.equal(await send('policies', {}), 401)
  t.equal(await send('policies', { 'x-hub-signature-256': signature('wrong') }), 401)
  t.equal(await send('policies', { 'x-hub-signature-256': 'sha256=00' }), 401)
  t.equal(await send('policies', { 'x-gitlab-token': 'wrong' }), 401)
  t.equal(await send('other', { 'x-hub-signature-256': signature('the-secret') }), 401)
  const both = { 'x-hub-signature-256': signature('wrong'), 'x-gitlab-token': 'the-secret' }
  t.equal(await send('policies', both), 401)
  t.equal((await statusOf(here, url)).source.commit, source)
  t.equal(await send('policies', { 'x-hub-signature-256': signature('the-secret') }), 202)
  t.strictSame(await inForce(here, url, second), [second])
  const third = await there.commit({ 'policies/a.yaml': policyText('three') })
  t.equal(await send('default:policies', { 'x-gitlab-token': 'the-secret' }), 202)
  t.strictSame(await inForce(here, url, third), [third])
})

/** A controller that polls once a day, and whose PolicySource names the secret of its webhooks. */
async function webhookInstallation(t: Test) {
  const there = await testRepository(t)
  const source = await there.commit({
    'policies/a.yaml': policyText('one'),
    'policies/source.yaml': sourceText(there.url),
  })
  const here = await world(t)
  const { url } = await here.startController({
    repository: repositoryAt(there, { intervalMs: 24 * 3_600_000 }),
    secrets: async (namespace, { name, key }) =>
      `${namespace} ${name} ${key}` === 'default policies webhook' ? 'the-secret' : null,
  })
  await inForce(here, url, source)
  return { there, here, url, source }
}
