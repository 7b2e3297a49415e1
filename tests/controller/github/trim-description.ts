// Cuts GitHub's own description of its REST API down to what the client here uses, as JSON Schemas. To do it again:
//   cd $(mktemp -d) && npm pack @octokit/openapi@23.0.2 && tar xzf *.tgz
//   node tests/controller/github/trim-description.ts package/generated/api.github.com.json
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is kept: method and path of everything that the client asks for. */
const used = [
  'GET /app',
  'POST /app/installations/{installation_id}/access_tokens',
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/activity',
  'POST /repos/{owner}/{repo}/check-runs',
  'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}',
  'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
  'GET /repos/{owner}/{repo}/commits/{ref}/statuses',
  'GET /repos/{owner}/{repo}/issues/comments',
  'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'GET /repos/{owner}/{repo}/issues/{issue_number}',
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'GET /repos/{owner}/{repo}/pulls',
  'POST /repos/{owner}/{repo}/pulls',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
  'POST /repos/{owner}/{repo}/statuses/{sha}',
  'GET /user',
  'GET /users/{username}',
]

// biome-ignore lint/suspicious/noExplicitAny: the description is what GitHub says it is
type Json = any

const [, , file = ''] = process.argv
const whole: Json = JSON.parse(readFileSync(file, 'utf8'))
const schemas: Record<string, Json> = {}

function at(ref: string): Json {
  return ref
    .slice(2)
    .split('/')
    .reduce((part, key) => part[key], whole)
}

function plain(value: Json): Json {
  return value?.$ref === undefined ? value : at(value.$ref)
}

/** A schema without what is only for readers; OpenAPI's `nullable` becomes a type, references stay within `schemas`. */
function schemaOf(from: Json): Json {
  if (Array.isArray(from)) return from.map(schemaOf)
  if (typeof from !== 'object' || from === null) return from
  if (typeof from.$ref === 'string') {
    const name = from.$ref.split('/').at(-1)
    if (schemas[name] === undefined) {
      schemas[name] = {}
      schemas[name] = schemaOf(at(from.$ref))
    }
    return { $ref: `#/schemas/${name}` }
  }
  const { nullable, ...rest } = from
  const kept = Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => !onlyForReaders.has(key) && !key.startsWith('x-'))
      .map(([key, part]) => [
        key,
        key === 'properties'
          ? Object.fromEntries(Object.entries(part as Json).map(([k, v]) => [k, schemaOf(v)]))
          : schemaOf(part),
      ]),
  )
  return nullable === true ? { anyOf: [kept, { type: 'null' }] } : kept
}

const onlyForReaders = new Set([
  ...['description', 'title', 'example', 'examples', 'default', 'externalDocs', 'deprecated'],
  ...['readOnly', 'writeOnly', 'discriminator'],
])

function bodyOf(from: Json): Json {
  const schema = plain(from)?.content?.['application/json']?.schema
  return schema === undefined ? null : schemaOf(schema)
}

const operations = used.map(text => {
  const [method = '', path = ''] = text.split(' ')
  const item = whole.paths[path]
  const operation = item?.[method.toLowerCase()]
  if (operation === undefined) throw new Error(`The description has no ${text}.`)
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(plain)
  const query = parameters.filter(parameter => parameter.in === 'query')
  return {
    method,
    path,
    query: Object.fromEntries(query.map(({ name, schema }) => [name, schemaOf(schema)])),
    required: query.filter(({ required }) => required).map(({ name }) => name),
    body: operation.requestBody === undefined ? null : bodyOf(operation.requestBody),
    bodyRequired: plain(operation.requestBody)?.required ?? false,
    answers: Object.fromEntries(
      Object.entries(operation.responses).map(([status, answer]) => [status, bodyOf(answer)]),
    ),
  }
})

// GitHub says that the repository of a head is always there, and answers null once a fork is deleted.
for (const name of ['pull-request', 'pull-request-simple']) {
  schemas[name].properties.head.properties.repo = {
    anyOf: [schemas[name].properties.head.properties.repo, { type: 'null' }],
  }
}

const { version } = JSON.parse(readFileSync(join(file, '../../package.json'), 'utf8'))
const text = JSON.stringify({ from: `@octokit/openapi ${version}`, operations, schemas })
writeFileSync(join(import.meta.dirname, 'description.json'), `${text}\n`)
