import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import type { OpenApi } from '../../controller/api/openapi.ts'
import { keyOf } from './api-world.ts'
import { policy } from './documents.ts'
import { tokens, world } from './world.ts'

const w = await world(t)
w.write('a.yaml', policy('p', '{ action: allow }'))
const { url } = await w.startController()
const description = (await (await fetch(new URL('/openapi.json', url))).json()) as OpenApi
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
)

t.test('the API describes itself in valid OpenAPI 3.1', async t => {
  const validator = new Validator()
  t.strictSame(await validator.validate(structuredClone({ ...description })), { valid: true })
  t.equal(validator.version, '3.1')
  t.match(description.info, { title: 'Writ controller', version: '0.0.0-test' })
})

t.test('every route says what it is for, who may call it and what comes out', async t => {
  const silent = operations.filter(([, { summary, responses }]) => {
    const answers = Object.keys(responses).filter(status => status !== 'default')
    return summary === '' || answers.length === 0
  })
  t.strictSame(
    silent.map(([route]) => route),
    [],
  )
  const ids = operations.map(([, { operationId }]) => operationId)
  t.equal(new Set(ids).size, ids.length, 'each has a name of its own')
  t.match(description.paths['/api/v1/approval-requests/{id}/approve']?.post, {
    security: [{ bearer: [] }],
    'x-roles': ['admin', 'person'],
    parameters: [{ name: 'id', in: 'path', required: true }],
    requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
    responses: {
      200: {
        content: {
          'application/json': { schema: { $ref: '#/components/schemas/ApprovalRequest' } },
        },
      },
    },
  })
})

t.test('routes that read a body or a path say what may be in it', async t => {
  const bare = operations.filter(([route, { requestBody, parameters = [] }]) => {
    const schemas = Object.values(requestBody?.content ?? {}).map(({ schema }) => schema)
    const named = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)
    const wanted = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    return schemas.includes(undefined) || wanted.join() !== named.join()
  })
  t.strictSame(
    bare.map(([route]) => route),
    [],
  )
})

t.test('people read it as a page that runs nothing', async t => {
  const answer = await fetch(new URL('/docs', url))
  const page = await answer.text()
  t.equal(answer.status, 200)
  t.match(answer.headers.get('content-security-policy'), /^default-src 'none'; style-src 'sha256-/)
  for (const [route, { summary }] of operations) {
    const path = route.split(' ')[1] ?? ''
    t.ok(page.includes(`<code>${path}</code>`), route)
    t.ok(page.includes(summary.replaceAll("'", '&#39;')), summary)
  }
  t.notMatch(page, /<script|\son\w+=|https?:\/\//)
  const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
  t.ok(targets.length > 10)
  t.strictSame(
    targets.filter(id => !page.includes(`id="${id}"`)),
    [],
  )
})

t.test('keys are not told from the description', async t => {
  t.notMatch(JSON.stringify(description), new RegExp(`${tokens.admin}|${keyOf('ana')}`))
})
