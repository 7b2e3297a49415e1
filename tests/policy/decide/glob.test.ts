import fc from 'fast-check'
import t from 'tap'
import { anyGlob, covers, glob } from '../../../policy/decide/glob.ts'

const few = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '\n'), maxLength: 8 })

t.test('a star is any run of characters and everything else is itself', async () => {
  fc.assert(
    fc.property(few, few, (pattern, text) => {
      const escaped = pattern.replace(/[.\n]/g, '\\$&').replaceAll('*', '.*')
      return glob(pattern)(text) === new RegExp(`^${escaped}$`, 's').test(text)
    }),
    { numRuns: 5000, seed: 7 },
  )
})

t.test('a glob that covers another matches all that the other matches', async () => {
  fc.assert(
    fc.property(few, few, few, (wide, narrow, text) => {
      return !covers(wide, narrow) || !glob(narrow)(text) || glob(wide)(text)
    }),
    { numRuns: 20_000, seed: 7 },
  )
})

t.test('what looks like a regular expression is not one', async t => {
  const texts = ['deploy.app', 'deployxapp', 'DEPLOY.APP', 'deploy.app\n', 'déploy']
  t.strictSame(texts.filter(glob('deploy.app')), ['deploy.app'])
  t.strictSame(texts.filter(glob('d?ploy')), [])
  t.strictSame(texts.filter(glob('(.*)+')), [])
  t.strictSame(texts.filter(anyGlob(['d*app', 'D*'])), ['deploy.app', 'deployxapp', 'DEPLOY.APP'])
})

t.test('parts at both ends do not overlap', async t => {
  t.strictSame(['ab', 'abb', 'abab', 'aba'].filter(glob('ab*b')), ['abb', 'abab'])
  t.strictSame(['aba', 'ababa'].filter(glob('ab*ba')), ['ababa'])
})

t.test('many stars against a long text take no time', async t => {
  t.equal(glob(`${'*a'.repeat(120)}b`)('a'.repeat(8000)), false)
})
