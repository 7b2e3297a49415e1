import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Source } from '../../controller/sources/source.ts'

/** What every source must honour. `open` gives a source that reads the files of an empty folder. */
export function sourceContract(
  t: Test,
  open: (t: Test) => { folder: string; source: Source },
): void {
  const { signal } = new AbortController()
  const paths = async (source: Source) =>
    (await source.fetch(signal)).files.map(({ path, text }) => [
      path.split('/').slice(-2).join('/'),
      text,
    ])

  t.test('an aborted fetch rejects', async t => {
    await t.rejects(open(t).source.fetch(AbortSignal.abort()), { name: 'AbortError' })
  })

  t.test('nothing written is an empty snapshot, and so is a folder that is gone', async t => {
    const { folder, source } = open(t)
    t.match(await source.fetch(signal), { files: [], problems: [] })
    rmSync(folder, { recursive: true })
    t.match(await source.fetch(signal), { files: [], problems: [] })
  })

  t.test('it reads what is there now, in the order of paths', async t => {
    const { folder, source } = open(t)
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'sub', 'b.yml'), 'b')
    writeFileSync(join(folder, 'sub', 'a.yaml'), 'a: ü')
    writeFileSync(join(folder, 'sub', 'README.md'), 'not a policy')
    t.strictSame(await paths(source), [
      ['sub/a.yaml', 'a: ü'],
      ['sub/b.yml', 'b'],
    ])
    rmSync(join(folder, 'sub', 'a.yaml'))
    writeFileSync(join(folder, 'sub', 'b.yml'), 'changed')
    t.strictSame(await paths(source), [['sub/b.yml', 'changed']])
  })
}
