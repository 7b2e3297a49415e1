import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readIdentity, writeIdentity } from '../../proxy/journal/identity.ts'
import { type JournalOptions, openJournal } from '../../proxy/journal/journal.ts'
import { segments } from '../../proxy/journal/segment.ts'
import { genesisOf } from '../../records/chain.ts'
import { endAfter, headIn } from '../../records/line.ts'
import { entry, entryText } from './journal-entry.ts'
import { line } from './journal-line.ts'

function linesIn(folder: string): string[] {
  const texts = segments(folder).map(({ path }) => readFileSync(path, 'utf8'))
  return texts.join('').split('\n').filter(Boolean)
}

/** Opens the journal, writes one entry, closes it; returns its line. */
async function writeOne(folder: string, options: Partial<JournalOptions> = {}): Promise<string> {
  const journal = await openJournal({ folder, ...options })
  await journal.write([entryText()])
  await journal.close()
  return linesIn(folder).at(-1) ?? ''
}

/** The numbers of lines, each with whether it is chained to the line before. */
function chainOf(lines: readonly string[]): unknown[] {
  const begin = genesisOf(headIn(lines[0] ?? '')?.proxy ?? '')
  const links = [begin, ...lines.map(line => endAfter(line)?.link)]
  return lines.map((line, i) => [headIn(line)?.seq, headIn(line)?.prev === links[i]])
}

t.test('the chain goes on from segment to segment and from start to start', async t => {
  const folder = t.testdir()
  for (let i = 0; i < 5; i += 1) await writeOne(folder, { segmentBytes: 1 })
  t.equal(segments(folder).length, 5)
  t.strictSame(
    chainOf(linesIn(folder)),
    [1, 2, 3, 4, 5].map(seq => [seq, true]),
  )
})

t.test('a chain begins behind entries that were written without one', async t => {
  const folder = t.testdir()
  await writeIdentity(folder, { proxy: 'proxy-1', shipped: 1, link: null, starts: 1 })
  const old = [1, 2].map(seq => line('proxy-1', seq, entry()))
  writeFileSync(join(folder, '0000000000000001.jsonl'), old.join(''))
  const added = await writeOne(folder)
  t.strictSame(headIn(added), {
    proxy: 'proxy-1',
    seq: 3,
    prev: endAfter(old[1]?.trimEnd() ?? '')?.link,
  })
})

t.test('an identity of before says as much as it did', async t => {
  const folder = t.testdir({ 'identity.json': '{"proxy":"proxy-1","shipped":7,"starts":2}' })
  t.strictSame(await readIdentity(folder), { proxy: 'proxy-1', shipped: 7, link: null, starts: 2 })
  const added = await writeOne(folder)
  t.strictSame(headIn(added), { proxy: 'proxy-1', seq: 8, prev: genesisOf('proxy-1') })
})

t.test('where all was handed in and deleted, the identity says how the chain goes on', async t => {
  const folder = t.testdir()
  const end = endAfter(await writeOne(folder))
  const known = await readIdentity(folder)
  for (const { path } of segments(folder)) rmSync(path)
  await writeIdentity(folder, { ...known, shipped: 1, link: end?.link ?? null })
  const added = headIn(await writeOne(folder))
  t.strictSame([added?.seq, added?.prev], [2, end?.link])
})

t.test('an empty segment is no beginning', async t => {
  const folder = t.testdir()
  const end = endAfter(await writeOne(folder))
  writeFileSync(join(folder, '0000000000000002.jsonl'), '')
  t.equal(headIn(await writeOne(folder))?.prev, end?.link)
})

t.test('a number that a power failure leaves out is no break', async t => {
  const folder = t.testdir()
  await writeOne(folder)
  writeFileSync(join(folder, 'lock'), '{"pid":1,"boot":"an earlier boot","started":"1"}')
  await writeOne(folder)
  t.strictSame(chainOf(linesIn(folder)), [
    [1, true],
    [3, true],
  ])
})

t.test('an entry that could not be flushed was never part of a strict chain', async t => {
  const folder = join(t.testdir(), 'journal')
  let now = 0
  const journal = await openJournal({ folder, durability: 'strict', now: () => now })
  t.teardown(() => journal.close())
  await journal.write([entryText()])
  const end = endAfter(linesIn(folder)[0] ?? '')
  renameSync(folder, `${folder}-gone`)
  await t.rejects(journal.write([entryText()]), { code: 'journal_broken' })
  now += 10_000
  await journal.write([entryText()])
  const [added = ''] = linesIn(folder)
  t.strictSame([headIn(added)?.seq, headIn(added)?.prev], [2, end?.link])
})

t.test('entries that were acknowledged and taken away are missed by the next one', async t => {
  const folder = join(t.testdir(), 'journal')
  let now = 0
  const journal = await openJournal({ folder, now: () => now })
  t.teardown(() => journal.close())
  await journal.write([entryText()])
  renameSync(folder, `${folder}-gone`)
  const told = new Promise(resolve => journal.onFlushed(() => resolve(null)))
  while (journal.state().flushed < 1) await new Promise(resolve => setTimeout(resolve, 5))
  now += 10_000
  await journal.write([entryText()])
  await told
  const [added = ''] = linesIn(folder)
  const lost = linesIn(`${folder}-gone`)[0] ?? ''
  t.strictSame([headIn(added)?.seq, headIn(added)?.prev], [2, endAfter(lost)?.link])
})

t.test('a copy of a journal makes another chain', async t => {
  const root = t.testdir()
  const [folder, copy] = [join(root, 'journal'), join(root, 'copy')]
  await writeOne(folder)
  cpSync(folder, copy, { recursive: true })
  const one = await writeOne(folder)
  const other = await writeOne(copy)
  t.equal(headIn(one)?.prev, headIn(other)?.prev)
  await writeOne(folder)
  const journal = await openJournal({ folder: copy })
  await journal.write([entryText({ call: 'another' })])
  await journal.close()
  t.not(endAfter(linesIn(folder)[2] ?? '')?.link, endAfter(linesIn(copy)[2] ?? '')?.link)
})
