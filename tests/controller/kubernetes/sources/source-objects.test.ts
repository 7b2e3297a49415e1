import t from 'tap'
import { differences } from '../../../../controller/kubernetes/sources/difference.ts'
import {
  appliedObject,
  labelOf,
  type SourceObject,
  sourceObjects,
} from '../../../../controller/kubernetes/sources/source-objects.ts'
import { policy } from '../../documents.ts'
import { object } from '../versions.ts'

const owner = { namespace: 'team-a', name: 'main' }

function read(text: string) {
  const { objects, problems } = sourceObjects([{ path: 'a.yaml', text }], 'team-a')
  return { paths: objects.map(({ path }) => path), problems: problems.map(({ code }) => code) }
}

t.test('what is no object of the namespace is refused, or left out', t => {
  const bare = policy('p', '{ action: deny }').replace(', namespace: default', '')
  t.strictSame(read(bare), { paths: ['team-a/accesspolicies/p'], problems: [] })
  t.strictSame(read(policy('p', '{ action: deny }', 'team-b')).problems, ['foreign_namespace'])
  t.strictSame(read('version: "1.0"\nname: x\n').problems, ['portable_not_applied'])
  const source = 'apiVersion: writ.dev/v1alpha1\nkind: PolicySource\nmetadata: { name: main }\n'
  const test = 'apiVersion: writ.dev/v1alpha1\nkind: PolicyTest\nmetadata: { name: t }\n'
  t.strictSame(read(`${source}---\n${test}`), { paths: [], problems: [] })
  const user = 'apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: zoe }\nspec: {}\n'
  t.strictSame(
    read(`${bare}---\n${user}`).paths,
    ['team-a/users/zoe', 'team-a/accesspolicies/p'],
    'people before the policies that name them',
  )
  t.end()
})

t.test('names that are too long for a label stay apart', t => {
  const long = 'a'.repeat(100)
  t.equal(labelOf('main'), 'main')
  t.equal(labelOf(long).length, 63)
  t.not(labelOf(long), labelOf(`${long}b`))
  t.end()
})

t.test('objects are told apart by what was applied, and what became of it', t => {
  const text = policy('p', '{ action: deny }').replace(', namespace: default', '')
  const [wanted] = sourceObjects([{ path: 'a.yaml', text }], 'team-a').objects as [SourceObject]
  const applied = Object(appliedObject(wanted, owner, 'c0ffee'))
  const live = (spec: object, metadata: object = {}) => {
    const made = object('AccessPolicy', 'p', spec)
    return { ...made, metadata: { ...made.metadata, ...applied.metadata, ...metadata } }
  }
  const known = differences()
  t.equal(known.of(null, wanted, owner), 'missing')
  const asWritten = { ...wanted.spec }
  known.learn(wanted, asWritten)
  t.equal(known.of(live(asWritten), wanted, owner), 'same')
  t.equal(known.of(live({ ...asWritten, models: [] }), wanted, owner), 'edited')
  t.equal(known.of(live(asWritten, { labels: {} }), wanted, owner), 'outdated')
  t.equal(known.of(live(asWritten, { annotations: {} }), wanted, owner), 'outdated')
  const stranger = { namespace: 'team-b', name: 'main' }
  t.equal(known.of(live(asWritten), wanted, stranger), 'outdated')
  t.end()
})
