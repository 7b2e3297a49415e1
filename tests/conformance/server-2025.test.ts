import t from 'tap'
import { allowAll, keys, toolServer, world } from '../proxy/mcp/world.ts'
import { startFixture2025 } from './fixture-2025.ts'
import { report, runSuite, scoredScenarios } from './suite.ts'
import { withKey } from './with-key.ts'

const fixture = await startFixture2025()
t.teardown(() => fixture[Symbol.asyncDispose]())
const scenarios = scoredScenarios('2025-11-25')
const ask = (url: string) => runSuite(['server', '--url', url, '--requirements', '2025-11-25'])

t.test('the fixture itself conforms to 2025-11-25', async t => {
  report(t, scenarios, await ask(fixture.url))
})

t.test('every scored scenario of 2025-11-25 passes through Writ', async t => {
  const proxy = await world(t, [allowAll, toolServer('fixture', { url: fixture.url })])
  await proxy.connected()
  const front = await withKey(proxy.url, keys.claude)
  t.teardown(() => front[Symbol.asyncDispose]())
  report(t, scenarios, await ask(front.url))
})
