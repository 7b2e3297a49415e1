import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { type Journal, type JournalOptions, openJournal } from '../../proxy/journal/journal.ts'
import { readOn } from '../../proxy/journal/read-on.ts'
import { segments } from '../../proxy/journal/segment.ts'
import { genesisOf } from '../../records/chain.ts'
import { endAfter } from '../../records/line.ts'
import { entry, entryText } from './journal-entry.ts'

const writer = join(import.meta.dirname, 'journal-writer.ts')

async function open(t: Test, folder: string, options: Partial<JournalOptions> = {}) {
  const journal = await openJournal({ folder, ...options })
  t.teardown(() => journal.close())
  return journal
}

/** Every line on disk, in order. */
function lines(folder: string): string[] {
  return segments(folder)
    .flatMap(({ path }) => readFileSync(path, 'utf8').split('\n'))
    .filter(Boolean)
}

function entries(folder: string): { proxy: string; seq: number; call: string }[] {
  return lines(folder).map(text => JSON.parse(text))
}

function seqs(folder: string): number[] {
  return entries(folder).map(({ seq }) => seq)
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}

async function write(journal: Journal, calls: readonly string[]): Promise<void> {
  for (const call of calls) await journal.write([entryText({ call })])
}

t.test('entries are numbered, one a line, under an id that stays', async t => {
  const folder = t.testdir()
  const first = await openJournal({ folder })
  await first.write([entryText({ call: 'a' }), entryText({ call: 'b', phase: 'outcome' })])
  await first.close()
  t.strictSame(first.state(), { seq: 2, flushed: 2 })
  const second = await open(t, folder)
  t.equal(second.proxy, first.proxy)
  await write(second, ['c'])
  const links = [genesisOf(first.proxy), ...lines(folder).map(line => endAfter(line)?.link)]
  t.strictSame(entries(folder), [
    { proxy: first.proxy, seq: 1, prev: links[0], ...entry({ call: 'a' }) },
    { proxy: first.proxy, seq: 2, prev: links[1], ...entry({ call: 'b', phase: 'outcome' }) },
    { proxy: first.proxy, seq: 3, prev: links[2], ...entry({ call: 'c' }) },
  ])
})

t.test('nobody but the owner can read it', async t => {
  const folder = join(t.testdir(), 'journal')
  await write(await open(t, folder), ['a'])
  t.equal(statSync(folder).mode & 0o777, 0o700)
  const files = readdirSync(folder).map(name => statSync(join(folder, name)).mode & 0o777)
  t.strictSame([...new Set(files)], [0o600])
})

t.test('strict entries are flushed before anybody hears of them, and share flushes', async t => {
  const journal = await open(t, t.testdir(), { durability: 'strict' })
  let flushes = 0
  journal.onFlushed(() => {
    flushes += 1
  })
  const waits = upTo(200).map(async i => {
    await journal.write([entryText({ call: `call-${i}` })])
    return journal.state().flushed >= i
  })
  t.strictSame(new Set(await Promise.all(waits)), new Set([true]))
  t.ok(flushes < 20, 'far fewer flushes than entries')
  t.strictSame(journal.state(), { seq: 200, flushed: 200 })
})

t.test('calls of one turn share a write, in their order', async t => {
  const folder = join(t.testdir(), 'journal')
  const journal = await open(t, folder)
  const kept = upTo(300).map(i =>
    journal.write([
      entryText({ call: `${i}`, args: 'x'.repeat(2000) }),
      entryText({ call: `${i}` }),
    ]),
  )
  t.throws(() => journal.write([entryText({ args: 'x'.repeat(3_000_000) })]), {
    code: 'entry_too_large',
  })
  await Promise.all(kept)
  t.strictSame(
    entries(folder).map(({ seq, call }) => [seq, call]),
    upTo(600).map(seq => [seq, `${Math.ceil(seq / 2)}`]),
  )
  const last = journal.write([entryText({ call: 'last' })])
  await journal.close()
  await last
  t.equal(entries(folder).at(-1)?.call, 'last')
})

t.test('a journal in segments is read on from any place', async t => {
  const folder = t.testdir()
  const journal = await open(t, folder, { segmentBytes: 2000 })
  for (const i of upTo(100)) await journal.write([entryText({ call: `call-${i}` })])
  t.ok(segments(folder).length > 5, 'there are several segments')
  const read: number[] = []
  let from = { position: { first: 0, offset: 0 }, after: 0 }
  for (;;) {
    const { lines, end, position } = await readOn(folder, from, 90, 700)
    if (end === null) break
    read.push(...lines.map(text => JSON.parse(text).seq))
    t.strictSame(end, endAfter(lines.at(-1) ?? ''))
    from = { position, after: end.seq }
  }
  t.strictSame(read, upTo(90), 'not past what is flushed')
  const late = await readOn(folder, { position: { first: 0, offset: 0 }, after: 88 }, 100, 700)
  t.equal(JSON.parse(late.lines[0] ?? '').seq, 89)
  const large = await readOn(folder, { position: { first: 0, offset: 0 }, after: 0 }, 100, 10)
  t.equal(large.lines.length, 1, 'an entry that is larger than asked for comes whole')
})

t.test('an entry that is too large is refused and leaves nothing', async t => {
  const folder = t.testdir()
  const journal = await open(t, folder, { maxEntryBytes: 1000 })
  t.throws(() => journal.write([entryText(), entryText({ args: 'x'.repeat(1000) })]), {
    code: 'entry_too_large',
  })
  await write(journal, ['a'])
  t.strictSame(seqs(folder), [1])
})

t.test('a closed journal keeps nothing', async t => {
  const journal = await openJournal({ folder: t.testdir() })
  await journal.close()
  await journal.close()
  t.throws(() => journal.write([entryText()]), { code: 'journal_closed' })
})

t.test('what an agent puts into its arguments cannot forge a line', async t => {
  const folder = t.testdir()
  const journal = await open(t, folder)
  const evil = '"}\n{"proxy":"proxy-0","seq":99,"call":"forged"}\n\u2028\0\ud800'
  await journal.write([entryText({ call: evil, args: { [evil]: evil } })])
  await write(journal, ['after'])
  t.strictSame(
    entries(folder).map(({ seq, call }) => [seq, call]),
    [
      [1, evil],
      [2, 'after'],
    ],
  )
})

t.test('a line torn by a kill is cut, and the sequence goes on', async t => {
  const folder = t.testdir()
  const killed = await openJournal({ folder })
  await write(killed, ['a', 'b'])
  await killed.close()
  appendFileSync(segments(folder)[0]!.path, `{"proxy":"${killed.proxy}","seq":3,"ti`)
  await write(await open(t, folder), ['c'])
  t.strictSame(seqs(folder), [1, 2, 3])
})

t.test('damage before the last line is kept aside and its numbers are not used again', async t => {
  const folder = t.testdir()
  const damaged = await openJournal({ folder })
  await write(damaged, ['a', 'b', 'c', 'd'])
  await damaged.close()
  const { path } = segments(folder)[0]!
  const whole = readFileSync(path, 'utf8').split('\n')
  writeFileSync(path, [whole[0], '\0'.repeat(50), whole[2], whole[3], ''].join('\n'))
  const warnings: string[] = []
  const journal = await open(t, folder, { warn: (_, message) => warnings.push(message) })
  await write(journal, ['e'])
  t.strictSame(seqs(folder), [1, 5])
  t.strictSame(warnings, ['journal damaged'])
  const aside = readdirSync(folder).find(name => name.includes('damaged')) ?? ''
  t.match(readFileSync(join(folder, aside), 'utf8'), whole[3] ?? '')
})

t.test('an identity that is lost is found again in the entries', async t => {
  const folder = t.testdir()
  const before = await openJournal({ folder })
  await write(before, ['a'])
  await before.close()
  rmSync(join(folder, 'identity.json'))
  const journal = await open(t, folder)
  t.equal(journal.proxy, before.proxy)
  t.equal(journal.state().seq, 1)
})

t.test('after a power failure one number is left out, so that a loss shows as a gap', async t => {
  const folder = t.testdir()
  const before = await openJournal({ folder })
  await write(before, ['a', 'b'])
  await before.close()
  const holder = { pid: 1, boot: 'an earlier boot', started: '1' }
  writeFileSync(join(folder, 'lock'), JSON.stringify(holder))
  await write(await open(t, folder), ['c'])
  t.strictSame(seqs(folder), [1, 2, 4])
})

t.test('one process at a time', async t => {
  const folder = t.testdir()
  const journal = await openJournal({ folder })
  await t.rejects(openJournal({ folder }), {
    code: 'journal_locked',
    message: `the journal in ${folder} is in use by process ${process.pid}; stop it or give this proxy a data folder of its own`,
  })
  await journal.close()
  await (await openJournal({ folder })).close()
  writeFileSync(join(folder, 'lock'), 'not what a holder writes')
  await (await openJournal({ folder })).close()
})

t.test('a journal whose folder is taken away says so and goes on in a new one', async t => {
  const folder = join(t.testdir(), 'journal')
  let now = 0
  const warnings: string[] = []
  const journal = await open(t, folder, {
    durability: 'strict',
    now: () => now,
    warn: (_, message) => warnings.push(message),
  })
  await write(journal, ['a', 'b'])
  renameSync(folder, `${folder}-gone`)
  const ofOneTurn = ['lost', 'lost with it'].map(call => journal.write([entryText({ call })]))
  t.match(
    await Promise.allSettled(ofOneTurn),
    ofOneTurn.map(() => ({ status: 'rejected', reason: { code: 'journal_broken' } })),
    'nobody who shared the write hears that it was kept',
  )
  t.throws(() => journal.write([entryText({ call: 'too soon' })]), { code: 'journal_broken' })
  now += 10_000
  await write(journal, ['c'])
  t.strictSame(seqs(folder), [3])
  t.strictSame(warnings, ['journal not flushed'])
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Kills a writer with SIGKILL after it said that it keeps `after` entries; returns the highest number it named. */
async function killWriter(folder: string, durability: string, after: number): Promise<number> {
  const child = spawn(process.execPath, [writer, folder, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let kept = 0
  let seen = 0
  for await (const text of createInterface(child.stdout)) {
    const [word, number] = text.split(' ')
    if (word !== 'kept') continue
    kept = Number(number)
    seen += 1
    if (seen === after) child.kill('SIGKILL')
  }
  await ended(child)
  return kept
}

for (const durability of ['batched', 'strict']) {
  t.test(`no ${durability} entry that was acknowledged is lost by kill -9`, async t => {
    const folder = t.testdir()
    for (const after of [1, 7, 60, 300, 900, 2000]) {
      const kept = await killWriter(folder, durability, after)
      const journal = await openJournal({ folder })
      t.ok(journal.state().seq >= kept, `${kept} acknowledged, ${journal.state().seq} there`)
      await journal.close()
    }
    const found = seqs(folder)
    t.strictSame(found, upTo(found.length), 'no number is missing and none is there twice')
  })
}

t.test('a disk that is full refuses calls, loses nothing, and is tried again', async t => {
  const folder = join(t.testdir(), 'journal')
  mkdirSync(folder)
  const limited = (most: string) =>
    spawn(
      'sh',
      [
        '-c',
        `trap '' XFSZ; ulimit -f 64; exec "$0" "$@"`,
        process.execPath,
        writer,
        folder,
        'batched',
        most,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
  const child = limited('5000')
  const said: string[] = []
  for await (const text of createInterface(child.stdout)) said.push(text)
  await ended(child)
  t.equal(said.at(-1), 'failed journal_full', 'the kernel wrote part of a line and then no more')
  const kept = Number(said.at(-2)?.split(' ')[1])
  t.strictSame(seqs(folder), upTo(kept), 'what was acknowledged is there, and not a byte more')
  await write(await open(t, folder), ['when there is room again'])
  t.strictSame(seqs(folder), upTo(kept + 1))
})

t.test('a journal goes on by itself once there is room', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'writ-full-'))
  t.teardown(() => rmdirSync(folder))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    t.comment(`no small file system can be mounted here: ${String(error).split('\n')[0]}`)
    return
  }
  t.teardown(() => execFileSync('umount', ['-l', folder]))
  let now = 0
  const journal = await openJournal({ folder, now: () => now })
  writeFileSync(join(folder, 'filler'), Buffer.alloc(40_000))
  const fill = async () => {
    for (;;) await journal.write([entryText({ args: 'x'.repeat(900) })])
  }
  await t.rejects(fill, { code: 'journal_full' })
  const kept = journal.state().seq
  t.strictSame(seqs(folder), upTo(kept), 'the torn line is cut')
  rmSync(join(folder, 'filler'))
  await t.rejects(fill, { code: 'journal_full' }, 'the disk is not asked with every call')
  now += 1000
  await write(journal, ['a', 'b'])
  await journal.close()
  t.strictSame(seqs(folder), upTo(kept + 2))
})
