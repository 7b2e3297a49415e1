import t from 'tap'
import { schemaProblem } from '../../../policy/compile/schema-problem.ts'
import type { SourceDocument } from '../../../policy/compile/source-document.ts'

const place = () => ({ file: 'a.yaml', line: 1, column: 1 })

const document: SourceDocument = {
  file: { path: 'a.yaml', text: '' },
  sound: true,
  value: { a: [{ 'b/c': 1 }] },
  place,
  placeWithin: place,
}

const said = (keyword: string, params: object, instancePath = '/a/0/b~1c') => {
  const error = { keyword, params, instancePath, schemaPath: '' }
  const { message, suggestion } = schemaProblem(error, document)
  return suggestion === undefined ? message : `${message} ${suggestion}`
}

t.test('violations that have no words of their own are said nevertheless', async t => {
  t.strictSame(
    [
      said('not', {}),
      said('pattern', { pattern: '^x$' }),
      said('required', { missingProperty: 'x' }),
      said('additionalProperties', { additionalProperty: 'x'.repeat(70) }, ''),
    ],
    [
      'a[0].b/c is not of the right form.',
      'a[0].b/c is not of the right form.',
      'a[0].b/c lacks "x".',
      `Unknown key "${'x'.repeat(60)}…".`,
    ],
  )
})
