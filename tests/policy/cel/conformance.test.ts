import t from 'tap'
import { conformanceCases, runCase } from './conformance-cases.ts'
import unsupported from './conformance-unsupported.json' with { type: 'json' }

const cases = conformanceCases()
const listed = Object.values(unsupported).flat()

function isListed(name: string): boolean {
  const [file, section] = name.split('/')
  return [name, `${file}/${section}/*`, `${file}/*`].some(entry => listed.includes(entry))
}

t.test(
  'every official case that is not listed as unsupported gets the official answer',
  async t => {
    const supported = cases.filter(({ name }) => !isListed(name))
    t.ok(supported.length >= 1290, `${supported.length} cases`)
    const failed = supported
      .map(each => ({ name: each.name, expression: each.test.expr, outcome: runCase(each) }))
      .filter(({ outcome }) => outcome !== 'pass')
    t.strictSame(failed, [])
  },
)

t.test('every case that is listed as unsupported still is', async t => {
  const passing = cases.filter(each => isListed(each.name) && runCase(each) === 'pass')
  t.strictSame(
    passing.map(({ name }) => name),
    [],
  )
})

t.test('every entry of the list names a case', async t => {
  const names = new Set(
    cases.flatMap(({ name }) => {
      const [file, section] = name.split('/')
      return [name, `${file}/${section}/*`, `${file}/*`]
    }),
  )
  t.strictSame(
    listed.filter(entry => !names.has(entry)),
    [],
  )
})
