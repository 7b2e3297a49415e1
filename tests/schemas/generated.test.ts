import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { fieldTable } from '../../cli/generate/field-table.ts'
import { generatedFiles } from '../../cli/generate/generated-files.ts'
import { type SchemaNode, schemaNode } from '../../cli/generate/schema-node.ts'
import { kinds } from '../../schemas/kinds.ts'
import { document } from '../../schemas/resource.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every schema in the schema, with its path. */
function* nodes(node: SchemaNode, path: string): Generator<readonly [string, SchemaNode]> {
  yield [path, node]
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* nodes(child, `${path}.${name}`)
  }
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`)
}

t.test('every generated file is current', async t => {
  const outdated = [...generatedFiles(read)].filter(([path, text]) => read(path) !== text)
  t.strictSame(outdated, [])
})

t.test('every field of every kind says what it is for, in a sentence', async t => {
  const fields = kinds.flatMap(kind => [...nodes(schemaNode(document(kind)), kind.kind)])
  t.ok(fields.length > 400, 'there are fields to look at')
  const silent = fields.filter(
    ([path, { description = '' }]) => !(path.endsWith('[]') || /^\S.*[^.]\.$/s.test(description)),
  )
  t.strictSame(silent, [])
})

t.test('the page of a kind lists every field of its spec', async t => {
  for (const kind of kinds) {
    const fields = [...nodes(schemaNode(kind.spec), '')].map(([path]) => path.slice(1))
    const named = fields.filter(path => path !== '' && !path.endsWith('[]'))
    const listed = [...fieldTable(kind).matchAll(/^\| `([^`]+)`/gm)].map(match => match[1])
    t.strictSame(listed, named, kind.kind)
  }
})

t.test('the schema for editors', async t => {
  const ajv = new Ajv({ strict: false })
  formats.default(ajv)
  const validate = ajv.compile(JSON.parse(read('schemas/generated/writ.schema.json')))
  const accepts = (text: string) => parseAllDocuments(text).every(one => validate(one.toJS()))

  await t.test('accepts the examples', async t => {
    for (const file of [
      'quickstart/servers.yaml',
      'quickstart/files.yaml',
      'quickstart/tests.yaml',
      'airline/people.yaml',
      'portable/refunds.yaml',
    ]) {
      t.ok(accepts(read(`examples/${file}`)), file)
    }
  })

  await t.test('refuses what is no document of Writ', async t => {
    const metadata = 'metadata: { name: a }'
    const head = `apiVersion: writ.dev/v1alpha1\n${metadata}`
    t.notOk(accepts('{}'), 'nothing')
    t.notOk(accepts('version: "2.0"'), 'another version of the portable format')
    t.notOk(accepts(`${head}\nkind: Policy\nspec: {}`), 'an unknown kind')
    t.notOk(accepts(`${head}\nkind: Team\nspec: { members: [a], leads: [b] }`), 'an unknown field')
    t.notOk(accepts(`${head}\nkind: AccessPolicy\nspec: { mode: audit }`), 'an unknown word')
  })
})
