import fc from 'fast-check'
import t from 'tap'
import { matchesGlob } from '../../../policy/decide/glob.ts'
import { namesIn, patternsOf } from '../../../policy/plan/names.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 })
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*'), maxLength: 4 })

t.test('every name is in a cell that says of every pattern whether it matches', async () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), pattern, text, (list, region, name) => {
      const cells = [...namesIn(region, patternsOf(list))]
      if (!matchesGlob(region, name)) return true
      return cells.some(
        ({ matches, holds }) =>
          holds(name) && [region, ...list].every(each => matches(each) === matchesGlob(each, name)),
      )
    }),
    { numRuns: 3000, seed: 6 },
  )
})

t.test('a pattern that spells out what stands for anything confuses nobody', async t => {
  const cells = [...namesIn('*', patternsOf(['a\u0000', 'a*']))]
  t.ok(cells.some(({ holds }) => holds('a\u0000')))
  t.ok(cells.some(({ holds, matches }) => holds('ab') && !matches('a\u0000')))
})

t.test('patterns with one star make few cells', async t => {
  const many = Array.from({ length: 200 }, (_, i) => `tool_${i}_*`)
  t.ok([...namesIn('*', patternsOf(many))].length < 210)
})
