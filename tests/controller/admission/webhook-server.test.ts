import t from 'tap'
import type { AdmissionRequest } from '../../../controller/admission/admission-request.ts'
import type { AdmissionVerdict } from '../../../controller/admission/admission-verdict.ts'
import {
  issueServing,
  makeAuthority,
} from '../../../controller/admission/certificates/authority.ts'
import { review, send, served } from './served.ts'

const answers = (verdict: AdmissionVerdict) => () => verdict

t.test('a webhook is asked what the API server asks, and its answer carries the uid', async t => {
  const asked: AdmissionRequest[] = []
  const { post } = await served(t, {
    '/policies': request => {
      asked.push(request)
      return { kind: 'allowed', warnings: [] }
    },
  })
  const object = { kind: 'AccessPolicy', spec: {} }
  const answer = await post(
    '/policies?timeout=5s',
    review({ operation: 'UPDATE', subResource: 'scale', object, oldObject: { kind: 'Old' } }),
  )
  t.strictSame(asked, [
    {
      uid: 'b9b1a5f2',
      operation: 'UPDATE',
      subresource: 'scale',
      namespace: 'team-a',
      object,
      oldObject: { kind: 'Old' },
    },
  ])
  t.match(answer, { status: 200 })
  t.strictSame(answer.body, {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'b9b1a5f2', allowed: true },
  })
})

t.test('a patch goes out as base64 of a JSON patch', async t => {
  const patch = [{ op: 'add', path: '/spec/a', value: 1 }] as const
  const { post } = await served(t, {
    '/p': answers({ kind: 'allowed', warnings: [], patch }),
    '/none': answers({ kind: 'allowed', warnings: [], patch: [] }),
  })
  const { response } = (await post('/p', review({}))).body
  t.strictSame(
    { ...response, patch: JSON.parse(atob(response.patch)) },
    {
      uid: 'b9b1a5f2',
      allowed: true,
      patchType: 'JSONPatch',
      patch,
    },
  )
  t.strictSame((await post('/none', review({}))).body.response, { uid: 'b9b1a5f2', allowed: true })
})

t.test('a refusal says why, and shows nothing that could move a terminal', async t => {
  const message = 'no:\n  \u001b[2Jbecause'
  const { post } = await served(t, { '/p': answers({ kind: 'refused', message, warnings: [] }) })
  t.strictSame((await post('/p', review({}))).body.response, {
    uid: 'b9b1a5f2',
    allowed: false,
    status: { code: 422, reason: 'Invalid', message: 'no:\n  \\u{1b}[2Jbecause' },
  })
})

t.test('warnings are single lines that the API server does not cut off, at most ten', async t => {
  const warnings = ['two\nlines', 'x'.repeat(400), ...Array(20).fill('again')]
  const { post } = await served(t, { '/p': answers({ kind: 'allowed', warnings }) })
  const { response } = (await post('/p', review({}))).body
  t.strictSame(response.warnings, [
    'two lines',
    `${'x'.repeat(249)}…`,
    ...Array(7).fill('again'),
    'and 13 more warnings',
  ])
})

t.test('what is no review is turned away, with nothing but a status', async t => {
  const { post, logged } = await served(t, { '/p': () => ({ kind: 'allowed', warnings: [] }) })
  const other = (change: object) => JSON.stringify({ ...JSON.parse(review({})), ...change })
  const cases: [number, string, string | Buffer, object?][] = [
    [404, '/', review({})],
    [404, '/p/', review({})],
    [405, '/p', review({}), { method: 'PUT' }],
    [415, '/p', review({}), { type: 'text/plain' }],
    [400, '/p', ''],
    [400, '/p', 'no json'],
    [400, '/p', Buffer.from([0x22, 0xff, 0x22])],
    [400, '/p', '[]'],
    [400, '/p', other({ apiVersion: 'admission.k8s.io/v1beta1' })],
    [400, '/p', other({ kind: 'Pod' })],
    [400, '/p', other({ request: null })],
    [400, '/p', review({ uid: '' })],
    [400, '/p', review({ operation: 'GUESS' })],
  ]
  for (const [status, path, body, more] of cases) {
    const { certificate, ...answer } = await post(path, body, more)
    t.strictSame(
      answer,
      { status, body: `${status}\n` },
      `${path} ${String(body).slice(0, 60)} ${JSON.stringify(more ?? {})}`,
    )
  }
  t.strictSame(logged, [])
})

t.test(
  'a webhook that throws is logged, and the API server learns only that it failed',
  async t => {
    const err = new Error('password is hunter2')
    const { post, logged } = await served(t, {
      '/p': () => Promise.reject(err),
    })
    t.match(await post('/p', review({})), { status: 500, body: '500\n' })
    t.strictSame(logged, [{ err, path: '/p', message: 'webhook failed' }])
  },
)

t.test('a webhook judges sixteen at once, another one is not held up by that', async t => {
  const { promise: go, resolve } = Promise.withResolvers<void>()
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>()
  let judging = 0
  const { post } = await served(t, {
    '/slow': async () => {
      if (++judging === 16) isFull()
      await go
      return { kind: 'allowed', warnings: [] }
    },
    '/fast': () => ({ kind: 'allowed', warnings: [] }),
  })
  const first = Array.from({ length: 16 }, () => post('/slow', review({})))
  await full
  t.equal((await post('/slow', review({}))).status, 503)
  t.equal((await post('/fast', review({}))).status, 200)
  resolve()
  t.strictSame(
    (await Promise.all(first)).map(({ status }) => status),
    Array(16).fill(200),
  )
  t.equal((await post('/slow', review({}))).status, 200, 'there is room again')
})

t.test('a new certificate is shown from the next connection on', async t => {
  const { url, post, hold, authority } = await served(t, {
    '/p': () => ({ kind: 'allowed', warnings: [] }),
  })
  const before = await post('/p', review({}))
  hold(await issueServing(authority, ['127.0.0.1'], Date.now()))
  const after = await post('/p', review({}))
  t.match([before.status, after.status], [200, 200])
  t.not(after.certificate, before.certificate)
  const stranger = await makeAuthority(Date.now())
  await t.rejects(send(new URL('/p', url), stranger.cert, review({})), {
    code: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/,
  })
})
