import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { compile } from '../../../policy/compile/compile.ts'
import { type Document, of, soundWorld } from './sound-world.ts'

const files = (documents: readonly Document[]) =>
  documents.map((document, i) => ({
    path: `${String(i).padStart(2, '0')}.yaml`,
    text: JSON.stringify(document),
  }))

const said = (documents: readonly Document[]) =>
  compile(files(documents)).problems.map(({ file, code, message }) => `${file} ${code}: ${message}`)

t.test('nothing is wrong with the sound world', async t => {
  t.strictSame(said(soundWorld), [])
})

/** Codes of problems that say what is wrong with the shape of a document. */
const ofShape =
  /^\S+ (wrong_type|unknown_key|missing_key|schema|unknown_word|(missing|unknown)_(kind|api_version)):/

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  const inside = keys.flatMap(key => pathsOf(Reflect.get(value, key), [...path, key]))
  return path.length === 0 ? inside : [path, ...inside]
}

type Change = (parent: object, key: string | number) => void

/** A document in which the part at the path is changed in its parent. */
function changed(value: unknown, [step, ...rest]: Path, change: Change): unknown {
  const copy = Array.isArray(value) ? [...value] : { ...Object(value) }
  const key = step as string
  if (rest.length === 0) change(copy, key)
  else copy[key] = changed(copy[key], rest, change)
  return copy
}

const changes: Readonly<Record<string, Change>> = {
  'of another type': (parent, key) => {
    const old = Reflect.get(parent, key)
    const other = typeof old === 'object' ? ['x'] : { toString: 1 }
    Reflect.set(parent, key, Array.isArray(old) ? { x: 1 } : other)
  },
  null: (parent, key) => Reflect.set(parent, key, null),
  'of another form': (parent, key) => Reflect.set(parent, key, `No ${Reflect.get(parent, key)}!`),
  missing: (parent, key) => Reflect.deleteProperty(parent, key),
  'under a mistyped key': (parent, key) => {
    if (typeof key !== 'string') return
    const old = Reflect.get(parent, key)
    Reflect.deleteProperty(parent, key)
    Reflect.set(parent, `${key}x`, old)
  },
}

for (const [claim, change] of Object.entries(changes)) {
  t.test(`a part that is ${claim} is the only problem`, async t => {
    const followed: unknown[] = []
    let tried = 0
    for (const [i, document] of soundWorld.entries()) {
      for (const path of pathsOf(document)) {
        const documents = soundWorld.with(i, changed(document, path, change) as Document)
        const problems = said(documents)
        const others = problems.filter(problem => !ofShape.test(problem))
        if (others.length === problems.length) continue
        tried++
        if (others.length > 0) followed.push([i, path.join('.'), ...others])
      }
    }
    t.strictSame(followed, [])
    t.ok(tried > 100, `${tried} parts`)
  })
}

t.test('what most likely is the resource that is referred to counts as written down', async t => {
  const user = (text: string) =>
    compile([
      { path: 'a.yaml', text: JSON.stringify(of('Team', 'sre', { members: ['ana'] })) },
      { path: 'b.yaml', text },
    ]).problems.map(({ file, code }) => `${file} ${code}`)
  const ana = (fields: object) => user(JSON.stringify({ ...of('User', 'ana', {}), ...fields }))

  t.strictSame(ana({ kind: 'Usr' }), ['b.yaml unknown_kind'])
  t.strictSame(ana({ kind: 'Person' }), ['b.yaml unknown_kind'])
  t.strictSame(ana({ kind: { toString: 'User' } }), ['b.yaml unknown_kind'])
  t.strictSame(ana({ apiVersion: 'writ.dev/v1' }), ['b.yaml unknown_api_version'])
  t.strictSame(ana({ apiVersion: 'writ.dve/v1alpha1' }), ['b.yaml unknown_api_version'])
  t.strictSame(ana({ metadata: { name: 'Ana' } }), ['b.yaml schema'])
  t.strictSame(ana({ metadata: { name: { toString: 1 } } }), ['b.yaml wrong_type'])
  t.strictSame(ana({ metadata: { name: 'ana', namespace: 7 } }), ['b.yaml wrong_type'])
  t.strictSame(ana({ kind: 'Usr', metadata: { name: 'ana', namespace: 7 } }), [
    'b.yaml unknown_kind',
  ])
  const half = 'apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: ana }\nspec: *none'
  t.strictSame(user(half), ['b.yaml yaml_alias'])

  const missing = 'a.yaml unknown_reference'
  t.strictSame(ana({ metadata: { name: 'ben' } }), [missing])
  t.strictSame(ana({ kind: 'Usr', metadata: { name: 'ben' } }), [missing, 'b.yaml unknown_kind'])
  t.strictSame(ana({ kind: 'Usr', metadata: { name: ['ana'] } }), [missing, 'b.yaml unknown_kind'])
  t.strictSame(ana({ kind: 'Agent' }), [missing])
  t.strictSame(ana({ kind: 'Job', apiVersion: 'batch/v1' }), [
    missing,
    'b.yaml unknown_api_version',
  ])
  t.strictSame(ana({ kind: 'Usr', metadata: { name: 'ana', namespace: 'other' } }), [
    missing,
    'b.yaml unknown_kind',
  ])
  t.strictSame(user('[ana'), [missing, 'b.yaml yaml'])
})

t.test('what mistyped keys stand for is looked for until there are too many', async t => {
  const server = (count: number) => {
    const keys = Array.from({ length: count }, (_, i) => [`far-from-any-${i}`, 1])
    return of('ToolServer', 'x', { ...Object.fromEntries(keys), urlx: 'https://x.example' })
  }
  const lacksUrl = '00.yaml missing_url: A streamable-http server needs a url.'
  t.notOk(said([server(999)]).includes(lacksUrl))
  t.ok(said([server(1000)]).includes(lacksUrl))
})

t.test('a section of a portable file that is no list may bring any name', async t => {
  const portable = (section: object) => said([{ ...portableFile, ...section }])
  const missing = /unknown_reference/
  t.notMatch(portable({ approval_workflows: { ask: {} } }), [missing])
  t.notMatch(portable({ approval_policies: [{ name: 'Ask' }] }), [missing])
  t.notMatch(portable({ approval_workflow: [{ name: 7 }] }), [missing])
  t.match(portable({ approval_policies: [{ name: 'other' }] }), [missing])
  t.match(portable({ approval_policies: null }), [missing])
})

const portableFile = {
  version: '1.0',
  metadata: { name: 'p' },
  tools: [{ name: 't', source: 'mcp', approval_workflow: 'ask' }],
}

const cases = join(import.meta.dirname, '../../cases')

for (const { name } of readdirSync(cases, { withFileTypes: true }).filter(e => e.isDirectory())) {
  t.test(`mistakes of shape hide no other: ${name.replaceAll('-', ' ')}`, async t => {
    const documents = readdirSync(join(cases, name))
      .filter(path => path !== 'case.yaml')
      .flatMap(path => parseAllDocuments(readFileSync(join(cases, name, path), 'utf8')))
      .map(document => document.toJS() as Document)
    const mistaken = documents.map(document => {
      const wrong = 'version' in document ? { tags: 7 } : { uid: 7 }
      return { ...document, metadata: { ...Object(document.metadata), ...wrong } }
    })
    const added = /wrong_type: metadata\.(tags must be a list|uid must be text), not a number\.$/
    const problems = said(mistaken)
    t.strictSame(
      problems.filter(problem => !added.test(problem)),
      said(documents),
    )
    t.equal(problems.filter(problem => added.test(problem)).length, documents.length)
    t.equal(compile(files(mistaken)).tables, null)
  })
}
