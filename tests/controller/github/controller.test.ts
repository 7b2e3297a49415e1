import t from 'tap'
import { until, world } from '../world.ts'
import { forgeWorld, sha } from './forge-world.ts'

const source = (apiUrl: string) => `
apiVersion: writ.dev/v1alpha1
kind: PolicySource
metadata: { name: policies }
spec:
  url: https://github.com/acme/policies
  webhookSecretRef: { name: github, key: webhook }
  forge:
    type: github
    repository: acme/policies
    apiUrl: ${apiUrl}
    secretRef: { name: github, key: token }
`

t.test('a controller hears of what happens at the forge that is in force', async t => {
  const { hub, ana, repo, secrets } = await forgeWorld(t)
  const w = await world(t)
  const secret = 'shared with GitHub'
  const known = new Map([...secrets, ['webhook', secret]])
  w.write('source.yaml', source(hub.apiUrl))
  const { url } = await w.startController({
    secrets: async (_, { name, key }) => (name === 'github' ? (known.get(key) ?? null) : null),
  })
  await until(() => w.log.some(({ message }) => message === 'source in force'))
  await until(() => hub.requests.includes('GET /repos/acme/policies/pulls'))

  const pull = hub.open(repo, { by: ana, branch: 'wider', sha: sha('a'), baseSha: sha('0') })
  hub.write(pull, ana, 'hello')
  hub.ping(hub.repository('acme/elsewhere'), ana)
  const sent = async (index: number, by = secret) => {
    const delivery = hub.deliveries[index]
    if (delivery === undefined) throw new Error('nothing happened')
    const answer = await hub.send(delivery, { to: url, secret: by })
    return [delivery.event, answer.status, ((await answer.json()) as { outcome?: string }).outcome]
  }
  t.strictSame(await sent(0), ['push', 202, 'taken'])
  t.strictSame(await sent(1), ['pull_request', 202, 'taken'])
  t.strictSame(await sent(1), ['pull_request', 202, 'duplicate'])
  t.strictSame(await sent(2, 'another secret'), ['issue_comment', 401, undefined])
  t.strictSame(await sent(2), ['issue_comment', 202, 'taken'])
  t.strictSame(await sent(3), ['ping', 401, undefined])

  const told = JSON.stringify(w.log)
  for (const value of known.values()) t.notMatch(told, value)
})
