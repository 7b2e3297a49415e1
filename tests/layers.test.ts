import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'

const root = resolve(import.meta.dirname, '..')

/** Who may import whom. A folder may always import itself; the longest matching name speaks. */
const mayImport: Record<string, readonly string[]> = {
  schemas: [],
  'policy/decide': ['schemas'],
  'policy/spend': ['schemas', 'policy/decide'],
  'policy/compile': ['schemas', 'policy/decide', 'policy/spend'],
  'policy/plan': ['schemas', 'policy/decide', 'policy/compile'],
  'policy/translate': ['schemas', 'policy/decide', 'policy/compile'],
  records: ['schemas'],
  lifecycle: [],
  console: ['schemas'],
  telemetry: [],
  secrets: ['lifecycle'],
  proxy: ['schemas', 'records', 'policy/decide', 'policy/spend', 'lifecycle'],
  controller: [
    'schemas',
    'records',
    'policy/decide',
    'policy/spend',
    'policy/compile',
    'policy/plan',
    'policy/translate',
    'lifecycle',
  ],
  cli: [
    'schemas',
    'records',
    'policy/decide',
    'policy/spend',
    'policy/compile',
    'policy/plan',
    'policy/translate',
    'lifecycle',
    'telemetry',
    'secrets',
    'proxy',
    'controller',
  ],
}

/** What each folder may take from npm besides Node itself; folders not named here are free. */
const mayInstall: Record<string, readonly string[]> = {
  schemas: ['typebox'],
  console: ['@awesome.me/webawesome', 'lit', 'vite'],
  records: ['canonicalize', 'typebox'],
  'policy/decide': ['re2js', 'canonicalize'],
  'policy/spend': [],
  'policy/plan': ['canonicalize'],
  'policy/translate': ['yaml'],
  'policy/compile': ['@marcbachmann/cel-js', 'ajv', 'ajv-formats', 'canonicalize', 'yaml'],
}

/** Node's own modules that stand for the clock, the disk and the network. */
const impure = /^node:(fs|fs\/promises|net|http|https|http2|tls|dgram|dns|child_process|timers)$/

/** Folders without a clock, a disk and a network. */
const pure = /^(policy|records)/

interface Import {
  readonly file: string
  readonly to: string
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
}

function imports(file: string, text: string): Import[] {
  const specifiers = [
    ...text.matchAll(
      /^(?:import|export)[^'";]*?from '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm,
    ),
  ]
  return specifiers.map(match => ({ file, to: match[1] ?? match[2] ?? match[3] ?? '' }))
}

function roomOf(path: string): string {
  const rooms = Object.keys(mayImport).filter(room => path.startsWith(`${room}/`))
  return rooms.sort((a, b) => b.length - a.length)[0] ?? path
}

function breach({ file, to }: Import): string | null {
  const room = roomOf(file)
  if (to.startsWith('.')) {
    const target = roomOf(relative(root, resolve(root, dirname(file), to)))
    return target === room || mayImport[room]?.includes(target) ? null : `${file} imports ${target}`
  }
  if (to.startsWith('node:')) {
    return pure.test(room) && impure.test(to) ? `${file} imports ${to}` : null
  }
  const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/')
  const allowed = mayInstall[room]
  return allowed === undefined || allowed.includes(name) ? null : `${file} imports ${name}`
}

t.test('every import keeps to its layer', async t => {
  const files = Object.keys(mayImport).flatMap(sources)
  t.ok(files.length > 0, 'there are sources to look at')
  const all = files.flatMap(file => imports(file, readFileSync(join(root, file), 'utf8')))
  t.strictSame(all.map(breach).filter(Boolean), [])
})

/** What a file and all that it imports before it runs take from npm; types are gone by then. */
function loaded(file: string, seen: Set<string>): readonly string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const text = readFileSync(join(root, file), 'utf8')
  const found = [...text.matchAll(/^(?:import|export) (?!type )[^'";]*?from '([^']+)'/gm)]
  return found.flatMap(([, to = '']) =>
    to.startsWith('.')
      ? loaded(relative(root, resolve(root, dirname(file), to)), seen)
      : [to.split('/', to.startsWith('@') ? 2 : 1).join('/')],
  )
}

t.test('a proxy starts without parsers, compilers and libraries of schemas', async t => {
  const names = new Set(loaded('proxy/proxy.ts', new Set()).filter(name => !/^node:/.test(name)))
  t.strictSame([...names].sort(), [
    'canonicalize',
    'eventsource-parser',
    'prom-client',
    're2js',
    'undici',
  ])
})

t.test('nothing of OpenTelemetry is loaded before somebody is to be told', async t => {
  const serve = ['proxy-alone', 'controller-alone', 'up'].map(name => `cli/serve/${name}.ts`)
  const names = serve.flatMap(file => loaded(file, new Set()))
  t.ok(names.includes('prom-client'), 'the imports are followed')
  t.strictSame(
    names.filter(name => name.startsWith('@opentelemetry/')),
    [],
  )
  const later = loaded('telemetry/open-telemetry.ts', new Set())
  t.ok(later.includes('@opentelemetry/sdk-trace'), 'and the library would be found')
})

t.test('a planted import is found', async t => {
  const plant = (file: string, text: string) => imports(file, text).map(breach).filter(Boolean)
  t.strictSame(plant('proxy/a.ts', "import { compile } from '../policy/compile/compile.ts'"), [
    'proxy/a.ts imports policy/compile',
  ])
  t.strictSame(plant('proxy/a.ts', "import { b } from '../controller/b.ts'"), [
    'proxy/a.ts imports controller',
  ])
  t.strictSame(plant('policy/decide/a.ts', "import { parse } from 'yaml'"), [
    'policy/decide/a.ts imports yaml',
  ])
  t.strictSame(plant('policy/compile/a.ts', "import { readFileSync } from 'node:fs'"), [
    'policy/compile/a.ts imports node:fs',
  ])
  t.strictSame(plant('schemas/a.ts', "const b = await import('../cli/b.ts')"), [
    'schemas/a.ts imports cli',
  ])
  t.strictSame(plant('cli/a.ts', "import { run } from '../proxy/run.ts'"), [])
})
