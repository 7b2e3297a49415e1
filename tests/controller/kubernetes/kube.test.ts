import t from 'tap'
import type { KubeFailureCode } from '../../../controller/kubernetes/failure.ts'
import { openKube } from '../../../controller/kubernetes/kube.ts'
import type { KubeResource } from '../../../controller/kubernetes/kube-object.ts'
import { until } from '../world.ts'
import { json, statusObject, stubbed } from './api-stub.ts'

const pods: KubeResource = { group: '', version: 'v1', plural: 'pods' }
const policies: KubeResource = { group: 'writ.dev', version: 'v1alpha1', plural: 'accesspolicies' }

t.test('a failure is told by its code', async t => {
  let answer = { status: 500, reason: '' }
  const kube = await stubbed(t, (_, response) =>
    json(response, answer.status, statusObject(answer.status, answer.reason, 'so it is')),
  )
  const codes: readonly (readonly [number, string, KubeFailureCode])[] = [
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'not_found'],
    [409, 'AlreadyExists', 'already_exists'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'gone'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'busy'],
    [503, 'ServiceUnavailable', 'busy'],
    [415, 'UnsupportedMediaType', 'refused'],
  ]
  for (const [status, reason, code] of codes) {
    answer = { status, reason }
    await t.rejects(kube.create(pods, { namespace: 'n' }, {}), { code, message: 'so it is' }, code)
  }
  answer = { status: 404, reason: 'NotFound' }
  t.equal(await kube.get(pods, { namespace: 'n', name: 'p' }), null)
  t.equal(await kube.remove(pods, { namespace: 'n', name: 'p' }), undefined)
})

t.test('what cannot be reached or understood is a failure too', async t => {
  const kube = await stubbed(t, (request, response) => {
    if (request.method === 'GET') response.end('{ "kind": ')
    else request.socket.destroy()
  })
  await t.rejects(kube.get(pods, { name: 'p' }), { code: 'unreachable' })
  await t.rejects(kube.create(pods, {}, {}), { code: 'unreachable' })
  t.throws(() => openKube({ kubeconfig: '/nowhere/at/all' }), { code: 'unconfigured' })
})

t.test('a list is read page by page, with the credentials of the configuration', async t => {
  const asked: string[] = []
  const kube = await stubbed(t, (request, response, { pathname, searchParams }) => {
    asked.push(`${request.headers.authorization} ${pathname} ${searchParams.get('continue')}`)
    const more = searchParams.get('continue') === null ? { continue: 'more' } : {}
    const metadata = { resourceVersion: '7', ...more }
    json(response, 200, { metadata, items: [{ metadata: { name: `of ${asked.length}` } }] })
  })
  const { items, resourceVersion } = await kube.list(policies, { namespace: 'team-a' })
  t.strictSame(
    [items.map(({ metadata }) => metadata.name), resourceVersion],
    [['of 1', 'of 2'], '7'],
  )
  const path = '/apis/writ.dev/v1alpha1/namespaces/team-a/accesspolicies'
  t.strictSame(asked, [
    `Bearer token-of-the-test ${path} null`,
    `Bearer token-of-the-test ${path} more`,
  ])
})

t.test('a patch says what kind it is and who writes', async t => {
  const asked: string[] = []
  const kube = await stubbed(t, async (request, response, { pathname, search }) => {
    const body = await request.setEncoding('utf8').toArray()
    asked.push(`${request.headers['content-type']} ${pathname}${search} ${body.join('')}`)
    json(response, 200, {})
  })
  const address = { namespace: 'n', name: 'p', subresource: 'status' }
  await kube.patch(pods, address, { merge: { a: 1 } })
  await kube.patch(pods, address, { json: [{ op: 'test' }] })
  await kube.patch(pods, address, { apply: { b: 2 } })
  const path = '/api/v1/namespaces/n/pods/p/status?fieldManager=writ-controller'
  t.strictSame(asked, [
    `application/merge-patch+json ${path} {"a":1}`,
    `application/json-patch+json ${path} [{"op":"test"}]`,
    `application/apply-patch+yaml ${path}&force=true {"b":2}`,
  ])
})

t.test('a watch gives events as they come, and ends with the connection or the signal', async t => {
  const kube = await stubbed(t, (_, response, { searchParams }) => {
    t.equal(searchParams.get('allowWatchBookmarks'), 'true')
    const event = (name: string) => `{"type":"ADDED","object":{"metadata":{"name":"${name}"}}}\n`
    response.write(event('one') + event('two').slice(0, 20))
    response.write(event('two').slice(20))
    if (searchParams.get('resourceVersion') === '1') response.end('{"type":"ADDED","obj')
    else if (searchParams.get('resourceVersion') === '2') {
      response.end(
        `{"type":"ERROR","object":${JSON.stringify(statusObject(410, 'Expired', 'too old'))}}\n`,
      )
    }
  })
  const names: string[] = []
  const follow = async (resourceVersion: string, signal = new AbortController().signal) => {
    for await (const { object } of kube.watch(pods, { resourceVersion }, signal)) {
      names.push(object.metadata.name)
    }
  }
  await follow('1')
  t.strictSame(names, ['one', 'two'], 'what was cut off is not told')
  await t.rejects(follow('2'), { code: 'gone', message: 'too old' })
  const stop = new AbortController()
  const following = follow('3', stop.signal)
  await until(() => names.length === 6)
  stop.abort()
  await t.rejects(following, { code: 'unreachable' })
})
