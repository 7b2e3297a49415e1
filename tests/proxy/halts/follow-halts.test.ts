import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import { linkController } from '../../../proxy/follow/controller-link.ts'
import {
  type FollowedHalts,
  type FollowHaltsOptions,
  followHalts,
} from '../../../proxy/halts/follow-halts.ts'
import type { Caller } from '../../../proxy/mcp/needs.ts'
import type { HaltNotice } from '../../../schemas/halt.ts'
import { until } from '../../controller/world.ts'
import { notice } from './settable-halts.ts'

const pem = () =>
  String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))
const key = await openSigningKey('', pem())
const otherKey = await openSigningKey('', pem())

const bot = { namespace: 'default', agent: { name: 'bot' }, apiKey: 'laptop' } as Caller

let written = Date.parse('2026-11-22T06:00:00.000Z')

/** A list as a controller signs it; each is written later than the one before. */
function list(sequence: number, halts: readonly HaltNotice[], more: object = {}, by = key) {
  written += 1000
  const publishedAt = new Date(written).toISOString()
  const format = 'writ.dev/halts/v1' as const
  return by.signed({ format, sequence, publishedAt, halts, ...more })
}

/** A controller that says what a test wants, to a proxy that follows it. */
async function start(t: Test, options: Partial<FollowHaltsOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'writ-halts-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const streams = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    if (request.url === '/api/v1/key') {
      response.end(JSON.stringify({ publicKey: key.publicKey }))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.add(response)
    response.once('close', () => streams.delete(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const link = linkController(url, 'the-token-of-proxies')
  t.teardown(() => link.close())
  const warned: string[] = []
  const follow = async (more: Partial<FollowHaltsOptions> = {}) => {
    const stop = new AbortController()
    const followed = await followHalts({
      ...{ controller: link, folder, uptime: () => performance.now(), ...options, ...more },
      log: { warn: (_, message) => warned.push(message) },
    })
    const running = followed.run(stop.signal)
    const end = async () => {
      stop.abort()
      await running
    }
    t.teardown(end)
    return Object.assign(followed, { end })
  }
  const say = async (value: unknown) => {
    await until(() => streams.size > 0)
    for (const stream of streams) stream.write(`event: halts\ndata: ${JSON.stringify(value)}\n\n`)
  }
  return { folder, file: join(folder, 'halts.json'), follow, say, warned, close }
}

const reasonOf = (followed: FollowedHalts) => followed.on(bot, 'tool')?.reason ?? null
const kept = (file: string, sequence: number) => () => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).sequence === sequence
  } catch {
    return false
  }
}

t.test('a halt is heard, kept on disk, and outlives restarts without a controller', async t => {
  const { follow, say, close, file } = await start(t)
  const followed = await follow()
  t.equal(reasonOf(followed), null)
  let told = 0
  followed.subscribe(() => told++)
  await say(list(1, []))
  await say(list(2, [notice()]))
  await until(() => reasonOf(followed) === 'incident 4711')
  await say(list(2, [notice()]))
  await until(kept(file, 2))
  t.strictSame(followed.enforced(), ['hlt-1'])
  t.equal(told, 2, 'the same again is no news')
  await followed.end()
  close()
  t.equal(reasonOf(await follow()), 'incident 4711')
})

t.test('lists that are older, forged, of others, or no lists at all change nothing', async t => {
  const { follow, say, warned } = await start(t, { scope: () => 'default' })
  const followed = await follow()
  const before = list(1, [], { namespace: 'default' })
  const now = list(5, [notice()], { namespace: 'default' })
  const bad: readonly (readonly [string, unknown])[] = [
    ['a replayed older list', before],
    ['a list of another key', list(6, [], { namespace: 'default' }, otherKey)],
    ['a list with its halts taken out', { ...now, halts: [] }],
    ['a list with its number raised', { ...now, sequence: 9, halts: [] }],
    ['a list without signature', { ...now, signature: '' }],
    ['a list of another namespace', list(6, [], { namespace: 'prod' })],
    [
      'a signed statement of another kind',
      key.signed({ format: 'writ.dev/revocations/v1', sequence: 9 }),
    ],
    [
      'too many halts',
      list(
        6,
        Array.from({ length: 51 }, () => notice({ agent: 'other' })),
        { namespace: 'default' },
      ),
    ],
    ['null', null],
  ]
  await say(before)
  await say(now)
  await until(() => reasonOf(followed) === 'incident 4711')
  for (const [name, value] of bad) {
    const complaints = warned.length
    await say(value)
    await until(() => warned.length > complaints)
    t.equal(reasonOf(followed), 'incident 4711', name)
  }
  await say(list(6, [], { namespace: 'default' }))
  await until(() => reasonOf(followed) === null)
  t.pass('and the one that lifts it is believed')
})

t.test(
  'a list of one namespace is not taken for another before it is known whose this is',
  async t => {
    const { follow, say, warned } = await start(t, { scope: () => undefined })
    const followed = await follow()
    await say(list(1, [notice()], { namespace: 'default' }))
    await until(() => reasonOf(followed) !== null)
    await say(list(2, [], { namespace: 'prod' }))
    await until(() => warned.includes('list of halts refused'))
    t.equal(reasonOf(followed), 'incident 4711')
    await say(list(3, []))
    await until(() => reasonOf(followed) === null)
    t.pass('one of all namespaces holds what concerns this one')
  },
)

t.test('while what was kept cannot be believed, everything is refused', async t => {
  const { follow, say, file, folder } = await start(t)
  const first = await follow()
  await say(list(3, []))
  await until(kept(file, 3))
  await first.end()
  const genuine = readFileSync(file, 'utf8')
  const broken = [
    genuine.replace('"sequence":3', '"sequence":4'),
    genuine.slice(0, 40),
    '',
    JSON.stringify(list(3, [], {}, otherKey)),
  ]
  for (const text of broken) {
    writeFileSync(file, text)
    const followed = await follow()
    t.match(reasonOf(followed), 'cannot be believed')
    await say(list(3, []))
    await until(() => reasonOf(followed) === null)
    await followed.end()
  }
  rmSync(join(folder, 'controller.pub'))
  writeFileSync(file, genuine)
  const keyless = await follow()
  t.match(reasonOf(keyless), 'cannot be believed', 'without the key that was pinned')
  await keyless.end()
})

t.test(
  'who may not go on alone refuses until the controller is heard, and again once it is not',
  async t => {
    const clock = { ms: 0 }
    const { follow, say, warned } = await start(t, { aloneMs: 60_000, uptime: () => clock.ms })
    const followed = await follow()
    t.match(reasonOf(followed), 'has not heard from its controller')
    const heard = list(1, [])
    await say(heard)
    await until(() => reasonOf(followed) === null)
    const elsewhere = notice({ namespace: 'prod' })
    clock.ms = 50_000
    await say(list(2, [elsewhere]))
    await until(() => followed.enforced().length === 1)
    const told = new Promise<void>(resolve => {
      followed.subscribe(resolve)
    })
    clock.ms = 110_001
    await told
    t.match(reasonOf(followed), 'has not heard from its controller')
    const complaints = warned.length
    await say(heard)
    await until(() => warned.length > complaints)
    t.match(reasonOf(followed), 'has not heard from its controller', 'a repetition does not count')
    await say(list(2, [elsewhere]))
    await until(() => reasonOf(followed) === null)
  },
)
