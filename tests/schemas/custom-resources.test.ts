import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { kinds, writtenKinds } from '../../schemas/kinds.ts'

const folder = join(import.meta.dirname, '../../crds')

interface Structural {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Structural>>
  readonly additionalProperties?: Structural
  readonly items?: Structural
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly maxItems?: number
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-validations'?: readonly { rule: string; message: string }[]
  readonly [key: string]: unknown
}

interface Definition {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: string
    readonly names: Readonly<Record<string, unknown>>
    readonly versions: readonly [
      {
        readonly name: string
        readonly subresources: object
        readonly additionalPrinterColumns: readonly { readonly name: string }[]
        readonly schema: { readonly openAPIV3Schema: Structural }
      },
    ]
  }
}

const definitions: readonly Definition[] = readdirSync(folder).map(name =>
  parse(readFileSync(join(folder, name), 'utf8')),
)

function* nodes(node: Structural, path: string): Generator<readonly [string, Structural]> {
  yield [path, node]
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* nodes(child, `${path}.${name}`)
  }
  if (node.additionalProperties !== undefined) {
    yield* nodes(node.additionalProperties, `${path}.*`)
  }
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`)
}

/** The keywords that a structural schema of apiextensions.k8s.io/v1 may hold, as far as they are used here. */
const keywords = new Set(
  `type description default enum format pattern minLength maxLength minimum maximum minItems maxItems
   maxProperties items properties additionalProperties required x-kubernetes-preserve-unknown-fields
   x-kubernetes-validations x-kubernetes-list-type x-kubernetes-list-map-keys`.split(/\s+/),
)

/** What breaks the rules of structural schemas at one node; empty when nothing does. */
function breaches(path: string, node: Structural): string[] {
  const free = node['x-kubernetes-preserve-unknown-fields'] === true
  const isObject = node.properties !== undefined || node.additionalProperties !== undefined
  const found = [
    ...Object.keys(node).filter(key => !keywords.has(key)),
    ...(node.type === undefined && !free ? ['no type'] : []),
    ...(node.properties && node.additionalProperties
      ? ['properties and additionalProperties']
      : []),
    ...(isObject && node.type !== 'object' ? ['properties of no object'] : []),
    ...((node.type === 'array') === (node.items !== undefined) ? [] : ['items and type disagree']),
    ...(node.type === 'array' && node.maxItems === undefined ? ['an unbounded list'] : []),
    ...(node.enum && node.default !== undefined && !node.enum.includes(node.default)
      ? ['a default that is not allowed']
      : []),
  ]
  return found.map(what => `${path}: ${what}`)
}

t.test('there is a definition for every kind that is served, and no other', async t => {
  t.strictSame(
    definitions.map(({ metadata }) => metadata.name).sort(),
    [...kinds, ...writtenKinds]
      .flatMap(({ served, plural }) => (served ? [`${plural}.writ.dev`] : []))
      .sort(),
  )
})

t.test('every definition is structural', async t => {
  for (const { metadata, spec } of definitions) {
    const all = [...nodes(spec.versions[0].schema.openAPIV3Schema, metadata.name)]
    t.ok(all.length > 20, `${metadata.name} has fields`)
    t.strictSame(
      all.flatMap(([path, node]) => breaches(path, node)),
      [],
    )
  }
})

t.test('a planted breach of the rules is found', async t => {
  t.strictSame(breaches('a', { description: 'no type' }), ['a: no type'])
  t.strictSame(breaches('a', { type: 'string', $ref: '#/b' }), ['a: $ref'])
  t.strictSame(breaches('a', { type: 'array', items: {} }), ['a: an unbounded list'])
  t.strictSame(breaches('a', { type: 'string', enum: ['b'], default: 'c' }), [
    'a: a default that is not allowed',
  ])
})

t.test('unknown fields are kept only where any field may be', async t => {
  const free = definitions.flatMap(({ metadata, spec }) =>
    [...nodes(spec.versions[0].schema.openAPIV3Schema, metadata.name)]
      .filter(([, node]) => node['x-kubernetes-preserve-unknown-fields'])
      .map(([path]) => path),
  )
  t.strictSame(free, [
    'approvalworkflows.writ.dev.spec.ai.context',
    'toolservers.writ.dev.spec.tools[].inputSchema',
  ])
})

t.test('every definition answers kubectl', async t => {
  const written = definitions.filter(({ spec }) => spec.names.kind !== 'ApprovalRequest')
  for (const { metadata, spec } of written) {
    const [version] = spec.versions
    t.equal(spec.scope, 'Namespaced', metadata.name)
    t.strictSame(spec.names.categories, ['writ'])
    t.strictSame(version.subresources, { status: {} })
    const columns = version.additionalPrinterColumns.map(column => column.name)
    const said = ['Accepted', 'Programmed', 'Enforced', 'Why', 'Proxies', 'Age']
    t.strictSame(columns.slice(-said.length), said)
    const status = version.schema.openAPIV3Schema.properties?.status?.properties ?? {}
    const usual = ['observedGeneration', 'conditions', 'table', 'problems']
    const found = spec.names.kind === 'PolicySource' ? ['source'] : []
    t.strictSame(Object.keys(status), [...usual, ...found])
  }
})

t.test('the mirror of a question has columns and a status of its own', async t => {
  const [mirror] = definitions.filter(({ spec }) => spec.names.kind === 'ApprovalRequest')
  const [version] = mirror!.spec.versions
  t.strictSame(
    version.additionalPrinterColumns.map(column => column.name),
    ['State', 'Agent', 'Tool', 'Workflow', 'Expires', 'Age'],
  )
  const { status } = version.schema.openAPIV3Schema.properties ?? {}
  t.strictSame(status?.default, { state: 'pending', decisions: [] })
  t.ok(Object.keys(status?.properties ?? {}).includes('conditions'))
})

t.test('the API server itself refuses what makes no sense', async t => {
  const rules = definitions.flatMap(({ metadata, spec }) =>
    [...nodes(spec.versions[0].schema.openAPIV3Schema, metadata.name)].flatMap(([path, node]) =>
      (node['x-kubernetes-validations'] ?? []).map(({ message }) => `${path}: ${message}`),
    ),
  )
  t.strictSame(rules, [
    'approvalrequests.writ.dev.spec: a question is never changed; the agent asks again',
    'budgets.writ.dev.spec: require_approval needs extension',
    'budgets.writ.dev.spec.limit: exactly one of usd, tokens and calls must be set',
    'modelproviders.writ.dev.spec: protocols openai and anthropic need baseUrl',
    'modelproviders.writ.dev.spec: protocol scripted reaches nobody: no baseUrl, secretRef or headers',
    'toolservers.writ.dev.spec: transport stdio needs command and no url',
    'toolservers.writ.dev.spec: transports streamable-http and sse need url and no command',
  ])
})
