import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import type { OverrideEvent } from '../../../schemas/override.ts'
import { policy } from '../documents.ts'
import { testRepository } from '../git/repositories.ts'
import { tokens, until } from '../world.ts'
import { allow, deny, hour, overrideWorld, people, verdict } from './override-world.ts'

t.test(
  'an override stands in place of a document until its time, seen by all who should',
  async t => {
    const { clock, start, follow } = await overrideWorld(t)
    const { url, apply, status, send, inForce } = await start()
    const tables = await follow(url)
    await until(() => verdict(tables) === 'deny rule stop')

    const { status: code, body: applied } = await apply(allow)
    t.equal(code, 201)
    t.match(applied, {
      state: 'in_force',
      documents: [{ kind: 'AccessPolicy', namespace: 'default', name: 'p' }],
      reason: 'the tests are down',
      by: 'ana',
      identity: 'key laptop of default/ana',
      appliedAt: '2026-11-21T12:00:00.000Z',
      expiresAt: '2026-11-21T13:00:00.000Z',
    })
    await until(() => verdict(tables) === 'allow rule go')
    t.strictSame((await status()).overrides, [applied])
    t.equal((await status()).source.state, 'in_force', 'what is written is what runs, but for it')
    const path = `overrides/${applied.id}.yaml`
    t.strictSame(
      tables.current('default')?.table.files,
      [{ path, commit: applied.id }, { path: 'policies/people.yaml' }],
      'decisions name the override',
    )
    t.match(await inForce(), { overrides: [applied.id], next: [{ at: applied.expiresAt }] })

    clock.now += hour
    await until(() => verdict(tables) === 'deny rule stop')
    t.strictSame((await status()).overrides, [])
    const { overrides } = (await send('GET', '/api/v1/overrides', 'key-of-ben')).body
    t.match(overrides, [{ id: applied.id, state: 'expired', endedAt: applied.expiresAt }])
    t.strictSame((await send('GET', '/api/v1/overrides', 'key-of-eve')).body.overrides, [])
  },
)

t.test('it is ended by an owner, and by nobody else', async t => {
  const { start, follow } = await overrideWorld(t)
  const { url, apply, send } = await start()
  const tables = await follow(url)
  await until(() => verdict(tables) === 'deny rule stop')
  const codes = async (key: string) => {
    const { status, body } = await apply(allow, {}, key)
    return [status, body.code]
  }
  t.strictSame(await codes('key-of-ben'), [403, 'not_an_owner'])
  t.strictSame(await codes('key-of-eve'), [403, 'not_an_owner'])
  t.strictSame(await codes(tokens.admin), [403, 'not_an_owner'], 'the token stands for nobody')
  t.equal((await codes(tokens.proxy))[0], 403)
  t.equal((await codes('nobody'))[0], 401)
  const both = `${allow}---\n${policy('q', '{ action: allow }', 'other')}`
  t.equal((await apply(both)).body.code, 'not_an_owner', 'of every namespace that it touches')
  t.equal(verdict(tables), 'deny rule stop')

  const { id } = (await apply(allow)).body
  await until(() => verdict(tables) === 'allow rule go')
  const end = async (key: string) => (await send('DELETE', `/api/v1/overrides/${id}`, key)).status
  t.equal(await end('key-of-ben'), 403)
  t.equal(await end('key-of-eve'), 404)
  t.equal(verdict(tables), 'allow rule go')
  t.equal(await end('key-of-ana'), 204)
  await until(() => verdict(tables) === 'deny rule stop')
  t.equal(await end('key-of-ana'), 409)
  const { overrides } = (await send('GET', '/api/v1/overrides', 'key-of-ana')).body
  t.match(overrides, [{ id, state: 'ended', endedBy: 'ana' }])
  const { events } = (await send('GET', '/api/v1/overrides/events', tokens.admin)).body
  t.strictSame(
    events.map((event: OverrideEvent) => [event.type, event.by, event.detail ?? '']).reverse(),
    [
      ['refused', 'ben', 'not an owner of default'],
      ['refused', undefined, 'not an owner of default'],
      ['refused', undefined, 'not an owner of default'],
      ['refused', 'ana', 'not an owner of other'],
      ['applied', 'ana', `until ${overrides[0].expiresAt}: the tests are down`],
      ['refused', 'ben', `ending ${id}: not an owner of default`],
      ['ended', 'ana', ''],
    ],
  )
})

t.test(
  'what is broken, or no override, is refused with its problems and changes nothing',
  async t => {
    const { start, follow } = await overrideWorld(t)
    const { url, apply, status } = await start()
    const tables = await follow(url)
    await until(() => verdict(tables) === 'deny rule stop')
    const digest = tables.current('default')?.digest
    const problemsOf = async (documents: string) => {
      const { status, body } = await apply(documents, { file: 'hotfix.yaml' })
      return [status, body.code, ...(body.problems ?? []).map(Object).map(problem)]
    }
    const problem = ({ code, file, line }: { code: string; file: string; line: number }) =>
      `${file}:${line} ${code}`
    t.strictSame(await problemsOf(policy('p', '{ when: "args.amount >", action: allow }')), [
      ...[422, 'override_broken', 'hotfix.yaml:7 condition_syntax'],
    ])
    t.strictSame(await problemsOf(`${allow}---\n${allow}`), [
      ...[422, 'override_broken', 'hotfix.yaml:1 duplicate_name'],
    ])
    t.strictSame(await problemsOf('kind: ['), [422, 'override_broken', 'hotfix.yaml:1 yaml'])
    t.strictSame(await problemsOf('version: "1.0"\nname: x\n'), [
      ...[422, 'override_broken', 'hotfix.yaml:1 not_a_resource'],
    ])
    const source = `apiVersion: writ.dev/v1alpha1
kind: PolicySource
metadata: { name: main }
spec: { url: "https://example.com/policies.git" }
`
    t.strictSame(await problemsOf(source), [
      ...[422, 'override_broken', 'hotfix.yaml:1 kind_not_overridable'],
    ])
    for (const wrong of [{ ttlSeconds: 299 }, { ttlSeconds: 86_401 }, { reason: '' }]) {
      t.equal((await apply(allow, wrong)).status, 400)
    }
    t.strictSame((await status()).overrides, [])
    t.equal(tables.current('default')?.digest, digest)

    t.equal((await apply(allow)).status, 201)
    t.strictSame((await apply(deny)).body.code, 'overridden_already')
  },
)

t.test('overrides on one another end each in its time, also what they add', async t => {
  const { clock, start, follow } = await overrideWorld(t)
  const { url, apply } = await start()
  const tables = await follow(url)
  const other = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: extra }
spec: { tools: [{ name: read_file, rules: [{ name: never, action: deny }] }] }
`
  await until(() => verdict(tables) === 'deny rule stop')
  t.equal((await apply(allow)).status, 201)
  await until(() => verdict(tables) === 'allow rule go')
  t.equal((await apply(other, { ttlSeconds: 1800 })).status, 201)
  await until(() => verdict(tables) === 'deny rule never')
  t.equal(verdict(tables, 'default', 'write_file'), 'allow rule go')
  clock.now += hour / 2
  await until(() => verdict(tables) === 'allow rule go')
  clock.now += hour / 2
  await until(() => verdict(tables) === 'deny rule stop')
})

t.test('it ends in its time while the source is broken, and over a restart', async t => {
  const { world, clock, start, follow } = await overrideWorld(t)
  const first = await start()
  await until(async () => (await first.status()).source.state === 'in_force')
  t.equal((await first.apply(allow)).status, 201)
  await until(async () => (await first.inForce()).overrides !== undefined)
  world.write('broken.yaml', 'kind: [')
  await until(async () => (await first.status()).source.state === 'broken')
  await first.stop()

  const second = await start()
  const tables = await follow(second.url)
  await until(() => verdict(tables) === 'allow rule go')
  await until(async () => (await second.status()).source.state === 'broken')
  t.equal((await second.apply(policy('q', '{ action: allow }'))).body.code, 'not_compilable')
  await second.stop()

  clock.now += hour
  const third = await start()
  await until(() => verdict(tables) === 'deny rule stop' || third.url === second.url)
  const again = await follow(third.url, 'other-proxy')
  await until(() => verdict(again) === 'deny rule stop')
  await until(async () => (await third.status()).source.state === 'broken')
  t.equal(verdict(again), 'deny rule stop', 'and nobody could read what is written meanwhile')
})

t.test('it is applied and ended while the source is broken, on what is in force', async t => {
  const { world, start, follow } = await overrideWorld(t)
  const { url, apply, status, send } = await start()
  const tables = await follow(url)
  await until(() => verdict(tables) === 'deny rule stop')
  world.write('broken.yaml', 'kind: [')
  await until(async () => (await status()).source.state === 'broken')
  const { id } = (await apply(allow)).body
  await until(() => verdict(tables) === 'allow rule go')
  t.equal((await send('DELETE', `/api/v1/overrides/${id}`, 'key-of-ana')).status, 204)
  await until(() => verdict(tables) === 'deny rule stop')
  rmSync(join(world.policies, 'broken.yaml'))
  await until(async () => (await status()).source.state === 'in_force')
  t.equal(verdict(tables), 'deny rule stop')
})

t.test('proxies end it in its time when no controller can be asked', async t => {
  const { world, clock, start, follow } = await overrideWorld(t)
  const { url, apply, stop } = await start()
  const tables = await follow(url)
  await until(() => verdict(tables) === 'deny rule stop')
  t.equal((await apply(allow)).status, 201)
  await until(() => verdict(tables) === 'allow rule go')
  const folder = join(world.root, 'proxy')
  await until(() => readdirSync(folder).filter(name => name.startsWith('table-')).length >= 2)
  await stop()
  clock.now += hour - 1
  t.equal(verdict(tables), 'allow rule go')
  clock.now += 1
  await until(() => verdict(tables) === 'deny rule stop')
  t.equal(tables.enforced().default, tables.current('default')?.digest)
  clock.now -= hour
  await tables.stop()
  const early = await follow(url, 'proxy')
  t.equal(verdict(early), 'allow rule go', 'kept on disk, while its time lasts')
  await early.stop()
  clock.now += hour
  const late = await follow(url, 'proxy')
  t.equal(verdict(late), 'deny rule stop', 'and not a moment longer')
})

t.test('it ends in its time while the repository is gone, also after a restart', async t => {
  const { clock, start, follow } = await overrideWorld(t)
  const there = await testRepository(t)
  await there.commit({ 'policies/all.yaml': `${deny}---${people}` })
  const repository = {
    ...{ url: remoteUrl(there.url), branch: 'main', path: 'policies', intervalMs: 100 },
  }
  const first = await start({ repository })
  const tables = await follow(first.url)
  await until(() => verdict(tables) === 'deny rule stop')
  t.equal((await first.apply(allow)).status, 201)
  await until(() => verdict(tables) === 'allow rule go')
  rmSync(there.folder, { recursive: true })
  await until(async () => (await first.status()).source.state !== 'in_force')
  t.equal(verdict(tables), 'allow rule go')
  clock.now += hour / 2
  await first.stop()
  const second = await start({ repository })
  const again = await follow(second.url, 'other-proxy')
  await until(() => verdict(again) === 'allow rule go')
  clock.now += hour / 2
  await until(() => verdict(again) === 'deny rule stop')
  await until(async () => (await second.inForce()).next === undefined)
})
