import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { kinds } from '../../schemas/kinds.ts'

const root = join(import.meta.dirname, '../../charts/writ')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Node {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly additionalProperties?: boolean | Node
}

const schema: Node = JSON.parse(read('values.schema.json'))
const values = parse(read('values.yaml'))

/** Every schema in the schema, with its path. */
function* nodes(node: Node, path: string): Generator<readonly [string, Node]> {
  if (path !== '') yield [path, node]
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* nodes(child, path === '' ? name : `${path}.${name}`)
  }
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`)
}

const all = [...nodes(schema, '')]
const leaves = all.filter(
  ([path, { properties }]) => properties === undefined && !path.includes('[]'),
)

/** Paths of values that templates read; a group that is passed on whole reads all that is in it. */
const used = new Set(
  globSync('templates/*', { cwd: root }).flatMap(path =>
    [...read(path).matchAll(/\.Values\.([A-Za-z.]+)/g)].map(([, path]) => path!.replace(/\.$/, '')),
  ),
)

t.test('the presets', async t => {
  await t.test('are what the schema allows', async t => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema)
    validate(values)
    t.strictSame(validate.errors, null)
  })

  await t.test('are there for every value but that of charts around this one', async t => {
    const missing = leaves.filter(([path]) => {
      const steps = path.split('.')
      return steps.reduce((found, step) => Object(found)[step], values) === undefined
    })
    const names = missing.map(([path]) => path)
    t.strictSame(names, ['global'])
  })
})

t.test('the schema', async t => {
  await t.test('says in a sentence what each value is for', async t => {
    t.ok(all.length > 60, 'there are values to look at')
    const silent = all.filter(([, { description = '' }]) => !/^\S.*\.$/s.test(description))
    t.strictSame(
      silent.map(([path]) => path),
      [],
    )
  })

  await t.test('lets nothing through that has no meaning', async t => {
    const open = [['', schema] as const, ...all].filter(
      ([, { properties, additionalProperties }]) =>
        properties !== undefined && additionalProperties !== false,
    )
    t.strictSame(
      open.map(([path]) => path),
      [],
    )
  })
})

t.test('templates', async t => {
  await t.test('read every value', async t => {
    const unread = leaves.filter(
      ([path]) => path !== 'global' && ![...used].some(name => `${path}.`.startsWith(`${name}.`)),
    )
    t.strictSame(
      unread.map(([path]) => path),
      [],
    )
  })

  await t.test('read no value that is not there', async t => {
    const known = new Set(all.map(([path]) => path))
    t.strictSame(
      [...used].filter(path => !known.has(path)),
      [],
    )
  })

  await t.test('name every kind that people write', async t => {
    const [, list = ''] =
      /define "writ.kinds" -}}\n(.*?)\{\{- end/s.exec(read('templates/_helpers.tpl')) ?? []
    const served = kinds.filter(kind => kind.served).map(kind => kind.plural)
    t.strictSame(parse(list), served.toSorted())
  })
})

t.test('the dashboard is put where the sidecar of Grafana looks, when it is wanted', async t => {
  t.strictSame(values.dashboards, {
    enabled: false,
    labels: { grafana_dashboard: '1' },
    annotations: {},
  })
  const template = read('templates/dashboard.yaml')
  const [, file = ''] = /\.Files\.Get "([^"]+)"/.exec(template) ?? []
  const { title, panels } = JSON.parse(read(file))
  t.equal(title, 'Writ')
  t.ok(panels.length > 10)
})

t.test('the chart has the release of the package', async t => {
  const { version } = JSON.parse(read('../../package.json'))
  t.match(parse(read('Chart.yaml')), { version, appVersion: version })
})
