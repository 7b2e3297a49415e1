import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { type ObjectChange, openObjects } from '../../../controller/kubernetes/objects.ts'
import { AccessPolicy } from '../../../schemas/access-policy.ts'
import { until } from '../world.ts'
import { json, statusObject, stubbed } from './api-stub.ts'

interface Item {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
  }
}

function item(name: string, version: number, uid = `uid-of-${name}`): Item {
  return { metadata: { name, namespace: 'team-a', uid, resourceVersion: String(version) } }
}

/** An API server with one kind, whose list and watches the test decides about. */
async function followed(t: Test) {
  const server = {
    list: { version: 10, items: [item('a', 5), item('b', 6)] },
    lists: 0,
    /** Versions that watches began from. */
    watches: [] as string[],
    /** Answers of the next watch at once; else it is held open. */
    refusal: null as object | null,
    open: null as ServerResponse | null,
  }
  const kube = await stubbed(t, (_, response, { searchParams }) => {
    if (searchParams.get('watch') !== 'true') {
      server.lists++
      const metadata = { resourceVersion: String(server.list.version) }
      json(response, 200, { metadata, items: server.list.items })
      return
    }
    server.watches.push(searchParams.get('resourceVersion') ?? '')
    if (server.refusal !== null) {
      const { refusal } = server
      server.refusal = null
      json(response, 410, refusal)
      return
    }
    response.writeHead(200).flushHeaders()
    server.open = response
  })
  const failures: unknown[] = []
  const objects = openObjects({
    kube,
    kinds: [AccessPolicy],
    onFailure: error => failures.push(error),
  })
  const changes: string[] = []
  objects.subscribe(change => changes.push(textOf(change)))
  const stop = new AbortController()
  const running = objects.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
  })
  await objects.synced
  const watched = (count: number) => until(() => server.watches.length === count)
  const tell = (type: string, object: Item) =>
    server.open?.write(`${JSON.stringify({ type, object })}\n`)
  const versions = () =>
    objects.in('team-a').map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
  return { server, objects, changes, failures, watched, tell, versions }
}

function textOf({ before, after }: ObjectChange): string {
  const [was, is] = [before, after].map(object => object?.metadata.resourceVersion ?? '-')
  return `${(after ?? before)?.metadata.name} ${was} ${is}`
}

t.test('objects are listed once and followed from there', async t => {
  const { server, objects, changes, watched, tell, versions } = await followed(t)
  await watched(1)
  t.strictSame(server.watches, ['10'])
  tell('MODIFIED', item('a', 11))
  tell('ADDED', item('c', 12))
  tell('DELETED', item('b', 13))
  await until(() => changes.length === 5)
  t.strictSame(changes, ['a - 5', 'b - 6', 'a 5 11', 'c - 12', 'b 6 -'])
  t.strictSame(versions(), ['a@11', 'c@12'])
  t.strictSame(objects.of('AccessPolicy').length, 2)
  t.strictSame(objects.namespaces(), ['team-a'])
  t.equal(objects.get('AccessPolicy', 'team-a', 'c')?.kind, 'AccessPolicy')
  t.equal(objects.get('AccessPolicy', 'team-b', 'c'), null)
})

t.test(
  'a watch that ends is taken up where it stopped, by bookmarks too, and tells nothing twice',
  async t => {
    const { server, changes, watched, tell } = await followed(t)
    await watched(1)
    tell('MODIFIED', item('a', 11))
    tell('BOOKMARK', { metadata: { ...item('', 20).metadata } })
    await until(() => changes.length === 3)
    server.open?.end('{"type":"MODIFIED","object":{"meta')
    await watched(2)
    tell('MODIFIED', item('a', 11))
    tell('MODIFIED', item('b', 21))
    await until(() => changes.length === 4)
    server.open?.destroy()
    await watched(3)
    t.strictSame(server.watches, ['10', '20', '21'])
    t.equal(changes[3], 'b 6 21')
    t.equal(server.lists, 1)
  },
)

t.test('what happened while a watch could not be taken up is found by listing again', async t => {
  const { server, changes, watched, tell, versions, failures } = await followed(t)
  await watched(1)
  server.list = { version: 40, items: [item('b', 30), item('c', 31)] }
  server.refusal = statusObject(410, 'Expired')
  server.open?.end()
  await watched(3)
  t.strictSame(server.watches, ['10', '10', '40'])
  t.strictSame(changes.slice(2), ['a 5 -', 'b 6 30', 'c - 31'])

  server.list = { version: 50, items: [item('b', 45, 'made anew')] }
  server.open?.end(`${JSON.stringify({ type: 'ERROR', object: statusObject(410, 'Expired') })}\n`)
  await watched(4)
  t.strictSame(versions(), ['b@45'])
  t.equal(server.lists, 3)
  tell('DELETED', item('b', 51))
  await until(() => versions().length === 0)
  t.strictSame(failures, [])
})

t.test(
  'the answer to a write is taken, unless something newer is known or the object is gone',
  async t => {
    const { objects, changes, watched, tell, versions } = await followed(t)
    await watched(1)
    objects.take('AccessPolicy', item('a', 15))
    tell('MODIFIED', item('a', 14))
    tell('MODIFIED', item('b', 16))
    await until(() => changes.length === 4)
    t.strictSame(versions(), ['a@15', 'b@16'])
    objects.take('AccessPolicy', item('b', 9))
    objects.take('AccessPolicy', item('c', 17))
    objects.take('AccessPolicy', item('b', 99, 'another'))
    t.strictSame(versions(), ['a@15', 'b@16'])
  },
)
