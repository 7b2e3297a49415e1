import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type FollowedRevocations,
  followRevocations,
} from '../../../proxy/tokens/follow-revocations.ts'
import { tokens as access, until, type World, world } from '../../controller/world.ts'

const agents = `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: {}
`

async function follow(
  t: Test,
  { link, root, log }: World,
  url: URL,
): Promise<FollowedRevocations & { end(): Promise<void> }> {
  const stop = new AbortController()
  const warn = (fields: object, message: string) => log.push({ message, fields: { ...fields } })
  const folder = join(root, 'proxy')
  const followed = await followRevocations({ controller: link(url), folder, log: { warn } })
  const running = followed.run(stop.signal)
  const end = async () => {
    stop.abort()
    await running
  }
  t.teardown(end)
  return Object.assign(followed, { end })
}

/** A controller with an agent in force, and a proxy's folder that its tables were followed into. */
async function started(t: Test): Promise<{ world: World; url: URL; stop(): Promise<void> }> {
  const here = await world(t)
  here.write('agents.yaml', agents)
  const { url, stop } = await here.startController()
  const tables = await here.follow(here.link(url))
  await until(() => tables.current('default') !== null)
  await tables.stop()
  return { world: here, url, stop }
}

async function make(url: URL, ttlSeconds = 600): Promise<string> {
  const answer = await fetch(new URL('/api/v1/runtime-tokens', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${access.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ agent: 'bot', ttlSeconds }),
  })
  return Object(await answer.json()).id
}

async function revoke(url: URL, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${access.admin}` }
  const path = new URL(`/api/v1/runtime-tokens/${id}`, url)
  return (await fetch(path, { method: 'DELETE', headers })).status
}

t.test('a revocation is heard at once, and outlives restarts and the controller', async t => {
  const { world, url, stop } = await started(t)
  const followed = await follow(t, world, url)
  await until(() => followed.revoked() !== null)
  t.strictSame(followed.revoked(), new Set())
  const [kept, gone] = [await make(url), await make(url)]
  t.equal(await revoke(url, gone), 204)
  await until(() => followed.revoked()?.has(gone) === true)
  t.strictSame(followed.revoked(), new Set([gone]))
  t.equal(await revoke(url, gone), 204, 'once more changes nothing')
  await until(() => existsSync(join(world.root, 'proxy/revocations.json')))
  await followed.end()
  await stop()

  const later = await follow(t, world, url)
  t.strictSame(later.revoked(), new Set([gone]), 'from disk, with the controller gone')
  t.notOk(later.revoked()?.has(kept))
})

t.test('a proxy that never heard a list has none', async t => {
  const { world, url, stop } = await started(t)
  await stop()
  const followed = await follow(t, world, url)
  t.equal(followed.revoked(), null)
})

t.test('a kept list that was changed, or is of another key, is not believed', async t => {
  const { world, url, stop } = await started(t)
  const followed = await follow(t, world, url)
  const id = await make(url)
  await revoke(url, id)
  await until(() => followed.revoked()?.has(id) === true)
  const file = join(world.root, 'proxy/revocations.json')
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes(id))
  await followed.end()
  await stop()
  const genuine = readFileSync(file, 'utf8')
  for (const text of [genuine.replace(id, 'rtk-0000000000000000'), '{}', 'null', '']) {
    writeFileSync(file, text)
    t.equal((await follow(t, world, url)).revoked(), null)
  }
  writeFileSync(file, genuine)
  t.strictSame((await follow(t, world, url)).revoked(), new Set([id]))
  rmSync(join(world.root, 'proxy/controller.pub'))
  t.equal((await follow(t, world, url)).revoked(), null)
})
