import t from 'tap'
import { mergedFiles } from '../../../controller/review/merge-files.ts'

/** Files by name; the texts stand for contents. */
function files(texts: Readonly<Record<string, string>>) {
  return Object.entries(texts).map(([path, text]) => ({ path, text }))
}

t.test('each side brings what it changed', async t => {
  t.strictSame(
    mergedFiles({
      base: files({ a: '1', b: '1', c: '1', d: '1' }),
      ours: files({ a: '2', b: '1', d: '1', e: '1' }),
      theirs: files({ a: '1', b: '2', c: '1', f: '1' }),
    }),
    { files: files({ a: '2', b: '2', e: '1', f: '1' }) },
  )
})

t.test('the same change on both sides is one', async t => {
  t.strictSame(
    mergedFiles({
      base: files({ a: '1', b: '1' }),
      ours: files({ a: '2', c: '3' }),
      theirs: files({ a: '2', c: '3' }),
    }),
    { files: files({ a: '2', c: '3' }) },
  )
})

t.test('a file that both sides changed in different ways is a conflict', async t => {
  t.strictSame(
    mergedFiles({
      base: files({ a: '1', b: '1', c: '1' }),
      ours: files({ a: '2', b: '2', d: '2' }),
      theirs: files({ a: '3', c: '1', d: '3' }),
    }),
    { conflicts: ['a', 'b', 'd'] },
  )
})
