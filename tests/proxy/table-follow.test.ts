import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { emptyTable } from '../../controller/publish/empty-table.ts'
import { openSigningKey, type SigningKey } from '../../controller/publish/signing-key.ts'
import { readEvents } from '../../proxy/follow/read-events.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { agent, policy } from '../controller/documents.ts'
import { until, type World, world } from '../controller/world.ts'

const allow = policy('p', '{ name: go, action: allow }')

function digestOf(tables: { enforced(): Readonly<Record<string, string>> }): string | undefined {
  return tables.enforced().default
}

/** An installation whose proxy has a table; the controller is stopped again. */
async function enrolled(t: Test, text = allow) {
  const w = await world(t)
  w.write('a.yaml', text)
  const controller = await w.startController()
  const tables = await w.follow(w.link(controller.url))
  await until(() => digestOf(tables) !== undefined)
  const digest = digestOf(tables)
  await until(() => readdirSync(join(w.root, 'proxy')).some(name => name.startsWith('release-')))
  await tables.stop()
  await controller.stop()
  return { w, digest, folder: join(w.root, 'proxy') }
}

/** A copy of what one such proxy has on disk. */
async function kept(t: Test) {
  const w = await world(t)
  const folder = join(w.root, 'proxy')
  cpSync((await original).folder, folder, { recursive: true })
  return { w, folder, digest: (await original).digest }
}

const original = enrolled(t)

/** Where no controller answers. */
const nowhere = new URL('http://127.0.0.1:1/')

function refusals(w: World): unknown[] {
  return w.log
    .filter(({ message }) => message === 'kept table refused' || message === 'release refused')
    .map(({ fields }) => Object(fields.err).code)
}

t.test('without a controller the last good table stands, and its keys', async t => {
  const sha256 = 'a'.repeat(64)
  const { w, digest, folder } = await enrolled(t, `${allow}---\n${agent('claude', sha256)}`)
  t.strictSame(
    readdirSync(folder).map(name => statSync(join(folder, name)).mode & 0o777),
    [0o600, 0o600, 0o600, 0o600],
    'a key, an identity, a release, a table, for their owner only',
  )
  const tables = await w.follow(w.link(nowhere))
  t.equal(digestOf(tables), digest)
  t.equal(tables.current('default')?.digest, digest)
  t.match(tables.caller(sha256, Date.now()), { namespace: 'default', apiKey: 'laptop' })
  await until(() => w.log.some(({ message }) => message === 'controller not followed'))
  t.equal(digestOf(tables), digest)
})

t.test('a proxy that never had a table has none, whatever it is asked', async t => {
  const w = await world(t)
  const tables = await w.follow(w.link(nowhere))
  t.strictSame(tables.enforced(), {})
  t.equal(tables.current('default'), null)
  t.equal(tables.caller('a'.repeat(64), Date.now()), null)
})

t.test('a controller that comes back is followed again', async t => {
  const { w, digest } = await enrolled(t)
  const first = await w.startController()
  const tables = await w.follow(w.link(first.url))
  await first.stop()
  w.write('a.yaml', policy('p', '{ action: deny }'))
  t.equal(digestOf(tables), digest)
  await w.startController({ port: Number(first.url.port) })
  await until(() => digestOf(tables) !== digest)
})

for (const [what, tamper] of Object.entries({
  'the table': (folder: string, file: string) => {
    if (file.startsWith('table-')) edit(join(folder, file), text => text.replace('go', 'no'))
  },
  'the release': (folder: string, file: string) => {
    if (file.startsWith('release-')) edit(join(folder, file), text => text.replace('1', '2'))
  },
  'the key': (folder: string, file: string) => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ format: 'pem', type: 'spki' })
    if (file === 'controller.pub') writeFileSync(join(folder, file), pem)
  },
  'the table, which is gone': (folder: string, file: string) => {
    if (file.startsWith('table-')) rmSync(join(folder, file))
  },
  'the release, which is torn': (folder: string, file: string) => {
    if (file.startsWith('release-')) edit(join(folder, file), text => text.slice(0, 40))
  },
})) {
  t.test(`${what} was tampered with on disk: refused, said, closed`, async t => {
    const { w, folder } = await kept(t)
    for (const file of readdirSync(folder)) tamper(folder, file)
    const tables = await w.follow(w.link(nowhere), folder)
    t.strictSame(tables.enforced(), {})
    t.equal(refusals(w).length, 1)
  })
}

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, change(text))
}

/** A controller in the hands of somebody else: it says what it is told to say. */
async function impostor(t: Test, key: SigningKey, tables: Record<string, string | Buffer>) {
  const streams = new Set<ServerResponse>()
  const resumed: (string | undefined)[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? ''
    if (path === '/api/v1/key') response.end(JSON.stringify({ publicKey: key.publicKey }))
    else if (path === '/api/v1/tables/stream') {
      resumed.push(request.headers['last-event-id'] as string | undefined)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
      streams.add(response)
      response.once('close', () => streams.delete(response))
    } else response.end(tables[path.replace('/api/v1/tables/', '')] ?? response.writeHead(404))
  })
  server.listen(0, '127.0.0.1')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    resumed,
    /** Tells every stream; waits for one. */
    async tell(release: unknown) {
      await until(() => streams.size > 0)
      for (const stream of streams)
        stream.write(`event: release\nid: 1\ndata: ${JSON.stringify(release)}\n\n`)
    },
    hangUp() {
      for (const stream of streams) stream.destroy()
      streams.clear()
    },
  }
}

async function impostors(t: Test) {
  const w = await world(t)
  const key = await openSigningKey(t.testdir())
  const bodies: Record<string, string | Buffer> = {}
  const controller = await impostor(t, key, bodies)
  const release = (sequence: number, digest: string, namespace = 'default'): TableRelease =>
    key.sign({ namespace, sequence, digest, publishedAt: '2026-11-21T09:00:00.000Z' })
  const good = emptyTable('default')
  bodies[good.digest] = good.json
  const tables = await w.follow(w.link(controller.url))
  await controller.tell(release(10, good.digest))
  await until(() => digestOf(tables) === good.digest)
  return { w, key, bodies, controller, release, good, tables }
}

t.test('an older release is refused, also after a restart, and reported', async t => {
  const { w, controller, release, good, tables } = await impostors(t)
  const older = emptyTable('other').digest
  await controller.tell(release(9, older))
  await until(() => tables.rejected().length === 1)
  t.strictSame(tables.rejected(), [
    {
      namespace: 'default',
      digest: older,
      error: 'rollback: release 9 does not come after 10, which is in force',
    },
  ])
  await tables.stop()
  const again = await w.follow(w.link(controller.url))
  await controller.tell(release(10, older))
  await until(() => again.rejected().length === 1)
  t.match(again.rejected(), [{ error: /^rollback/ }], 'nor is another table under the same number')
  t.equal(digestOf(again), good.digest)
})

t.test('a release that another key signed, or that was changed, is refused', async t => {
  const { w, controller, release, good, tables } = await impostors(t)
  const other = await openSigningKey(join(w.root))
  const { signature: _, keyId: __, ...unsigned } = release(11, good.digest)
  await controller.tell(other.sign(unsigned))
  await until(() => refusals(w).length === 1)
  await controller.tell({ ...release(11, good.digest), sequence: 12 })
  await until(() => refusals(w).length === 2)
  await controller.tell({ ...release(11, good.digest), signature: 'AAAA' })
  await until(() => refusals(w).length === 3)
  t.strictSame(refusals(w), ['unknown_key', 'bad_signature', 'bad_signature'])
  t.match(tables.rejected(), [{ namespace: 'default', digest: good.digest }])
  await controller.tell(release(13, good.digest))
  await until(() => tables.rejected().length === 0)
  t.equal(tables.releases()[0]?.sequence, 13, 'a good one heals')
})

t.test('bytes that are not the table of the release are refused', async t => {
  const { w, bodies, controller, release, good, tables } = await impostors(t)
  const bad = emptyTable('elsewhere')
  bodies[bad.digest] = bad.json
  await controller.tell(release(11, bad.digest))
  await until(() => refusals(w).length === 1)
  const forged = `sha256:${'0'.repeat(64)}`
  bodies[forged] = good.json
  await controller.tell(release(12, forged))
  await until(() => refusals(w).length === 2)
  t.strictSame(refusals(w), ['table_malformed', 'digest_mismatch'])
  t.equal(digestOf(tables), good.digest)
})

t.test('what is no release ends the connection and changes nothing', async t => {
  const { w, controller, release, good, tables } = await impostors(t)
  for (const [i, nonsense] of [
    null,
    {},
    { ...release(11, good.digest), extra: 1 },
    { ...release(11, good.digest), namespace: '../../etc' },
    { ...release(11, good.digest), digest: 'sha256:../../../etc/passwd' },
    { ...release(11, good.digest), sequence: '11' },
    'x'.repeat(200_000),
  ].entries()) {
    await controller.tell(nonsense)
    const failures = () =>
      w.log.filter(({ message }) => message === 'controller not followed').length
    await until(() => failures() > i)
    controller.hangUp()
  }
  t.equal(digestOf(tables), good.digest)
  t.equal(tables.releases()[0]?.sequence, 10)
})

t.test('a connection that ends is resumed behind the last release that was accepted', async t => {
  const { controller, tables, good } = await impostors(t)
  controller.hangUp()
  await until(() => controller.resumed.length === 2)
  t.strictSame(controller.resumed, [undefined, '1'])
  t.equal(digestOf(tables), good.digest)
})

t.test('a key that was pinned is not replaced by what another controller says', async t => {
  const { w, digest, folder } = await kept(t)
  const stranger = await openSigningKey(t.testdir())
  const evil = emptyTable('default')
  const controller = await impostor(t, stranger, { [evil.digest]: evil.json })
  const tables = await w.follow(w.link(controller.url), folder)
  const publishedAt = '2026-11-21T09:00:00.000Z'
  const sequence = 99_999_999_999
  await controller.tell(
    stranger.sign({ namespace: 'default', sequence, digest: evil.digest, publishedAt }),
  )
  await until(() => tables.rejected().length === 1)
  t.match(tables.rejected(), [{ error: /^unknown_key: / }])
  t.equal(digestOf(tables), digest)
})

t.test('a pinned key that cannot be read is not replaced in silence', async t => {
  const { w, folder } = await kept(t)
  writeFileSync(join(folder, 'controller.pub'), 'garbage')
  await t.rejects(w.follow(w.link(nowhere), folder), {
    code: 'unknown_key',
    message: /remove .*controller\.pub/,
  })
})

t.test('events are read the same wherever the network cuts them', async t => {
  const text =
    ': hello\r\nevent: release\nid: 1\ndata: {"a":\ndata:"\u00fc"}\r\n\r\rdata: x\n\nid:2\n: beat\n\nevent\ndata: y\n\ncut off'
  const bytes = new TextEncoder().encode(text)
  const expected = [
    { type: 'release', id: '1', data: '{"a":\n"\u00fc"}' },
    { type: 'message', id: '1', data: 'x' },
    { type: '', id: '2', data: 'y' },
  ]
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    t.strictSame(
      await Readable.from(readEvents(Readable.from(chunks))).toArray(),
      expected,
      `in pieces of ${size}`,
    )
  }
})
