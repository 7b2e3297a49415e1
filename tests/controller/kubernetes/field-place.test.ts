import t from 'tap'
import { versionOf } from '../../../controller/kubernetes/reconcile/object-file.ts'
import { fieldPlace } from '../../../controller/kubernetes/status/field-place.ts'
import type { Path } from '../../../policy/compile/source-document.ts'
import { readDocuments } from '../../../policy/compile/yaml/read-documents.ts'
import { object } from './versions.ts'

const when = 'args.to.matches("[a-z]\\\\.example") &&\n  args.amount > 5 &&\n  "x: y # z" != args.s'
const long = `${'args.first == "some text" || '.repeat(20)}args.last == 1`
const policy = object('AccessPolicy', 'guard', {
  tools: [{ name: 'it\'s "quoted": yes', rules: [{ when, action: 'allow' }, { when: long }] }],
  models: [],
})
const { text } = versionOf(policy)
const [document] = readDocuments({ path: 'guard', text }).documents

/** Where the compiler would say that a part is. */
function placeOf(path: Path, value?: string, character = 0) {
  if (document === undefined) throw new Error('no document')
  return value === undefined ? document.place(path) : document.placeWithin(path, value, character)
}

t.test('the place of every field leads back to it', t => {
  const paths: readonly Path[] = [
    ['apiVersion'],
    ['metadata', 'name'],
    ['spec', 'tools', 0, 'name'],
    ['spec', 'tools', 0, 'rules', 0, 'when'],
    ['spec', 'tools', 0, 'rules', 0, 'action'],
    ['spec', 'tools', 0, 'rules', 1, 'when'],
    ['spec', 'models'],
  ]
  const found = paths.map(path => fieldPlace(text, placeOf(path)).path)
  t.strictSame(found, [
    'apiVersion',
    'metadata.name',
    'spec.tools[0].name',
    'spec.tools[0].rules[0].when',
    'spec.tools[0].rules[0].action',
    'spec.tools[0].rules[1].when',
    'spec.models',
  ])
  t.end()
})

t.test('the place of a character in a text leads to its line and column there', t => {
  const path = ['spec', 'tools', 0, 'rules', 0, 'when']
  const within = (word: string) => fieldPlace(text, placeOf(path, when, when.indexOf(word))).within
  t.strictSame(within('matches'), { line: 'args.to.matches("[a-z]\\\\.example") &&', column: 9 })
  t.strictSame(within('amount'), { line: '  args.amount > 5 &&', column: 8 })
  t.strictSame(within('args.s'), { line: '  "x: y # z" != args.s', column: 17 })
  const far = ['spec', 'tools', 0, 'rules', 1, 'when']
  const last = fieldPlace(text, placeOf(far, long, long.indexOf('last')))
  t.strictSame(last, {
    path: 'spec.tools[0].rules[1].when',
    within: { line: long, column: long.indexOf('last') + 1 },
  })
  t.end()
})

t.test('a place that is not in the text is the object itself', t => {
  t.strictSame(fieldPlace(text, { line: 9999, column: 1 }), { path: '' })
  t.strictSame(fieldPlace('', { line: 1, column: 1 }), { path: '' })
  t.end()
})
