import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ControllerLink } from '../../../proxy/follow/controller-link.ts'
import { shipJournal } from '../../../proxy/follow/ship-journal.ts'
import { type Journal, openJournal } from '../../../proxy/journal/journal.ts'
import { Seals } from '../../../proxy/journal/seals.ts'
import { segmentAt, segments } from '../../../proxy/journal/segment.ts'
import { headIn } from '../../../records/line.ts'
import { entryText } from '../journal-entry.ts'

/** Lines that a controller was handed, by their numbers, and whatever came under a number that was taken. */
export class Received {
  readonly lines = new Map<number, string>()
  readonly forks: string[] = []
  /** Whether the next answer gets lost. */
  losing = false

  readonly link: ControllerLink = {
    close: async () => undefined,
    send: async (_path, { body } = {}) => {
      for (const line of String(body).split('\n')) this.#take(line)
      if (this.losing) throw new Error('the connection was reset')
      return { body: { dump: async () => undefined } } as Awaited<
        ReturnType<ControllerLink['send']>
      >
    },
  }

  #take(line: string): void {
    const head = headIn(line)
    if (head === null) return
    const { lines, forks } = this
    if ((lines.get(head.seq) ?? line) !== line) forks.push(line)
    lines.set(head.seq, line)
  }
}

/** One journal through everything that happens to it; each method is one thing that happens. */
export class JournalWorld {
  readonly received = new Received()
  /** Calls of which somebody heard that they are kept, and which nothing that happened may have taken. */
  readonly kept = new Set<string>()
  readonly #root: string
  readonly #durability: 'batched' | 'strict'
  #now = 0
  #copies = 0
  #calls = 0
  #journal: Journal | null = null

  constructor(root: string, durability: 'batched' | 'strict') {
    this.#root = root
    this.#durability = durability
  }

  get #folder(): string {
    return join(this.#root, String(this.#copies))
  }

  async #open(): Promise<Journal> {
    this.#journal ??= await openJournal({
      folder: this.#folder,
      durability: this.#durability,
      segmentBytes: 1500,
      now: () => this.#now,
    })
    return this.#journal
  }

  async write(count: number): Promise<void> {
    const journal = await this.#open()
    this.#now += 10_000
    const first = this.#calls
    this.#calls += count
    const writes = Array.from({ length: count }, (_, i) => [`${first + i}-a`, `${first + i}-b`])
    const done = await Promise.allSettled(
      writes.map(async calls => {
        await journal.write(calls.map(call => entryText({ call })))
        return calls
      }),
    )
    for (const each of done) {
      if (each.status === 'fulfilled') for (const call of each.value) this.kept.add(call)
    }
  }

  /** The next segment cannot be made. */
  async writeWithoutSegment(count: number): Promise<void> {
    const { seq } = (await this.#open()).state()
    const { path } = segmentAt(this.#folder, seq + 1)
    if (existsSync(path)) return
    mkdirSync(path)
    await this.write(count)
    rmdirSync(path)
  }

  /** No file can grow by more than so many bytes. */
  async writeIntoFull(count: number, bytes: number): Promise<void> {
    await this.#open()
    const newest = segments(this.#folder).at(-1)?.path ?? ''
    const most = readFileSync(newest).length + bytes
    limit(String(most))
    try {
      await this.write(count)
    } finally {
      limit('unlimited')
    }
  }

  async close(): Promise<void> {
    await this.#journal?.close()
    this.#journal = null
  }

  /** The process is killed, in the middle of a line when `torn` says something. */
  async kill(torn: string): Promise<void> {
    const killed = await this.#open()
    const from = this.#folder
    this.#copies += 1
    cpSync(from, this.#folder, { recursive: true })
    this.#journal = null
    await killed.close()
    rmSync(join(this.#folder, 'lock'))
    appendFileSync(segments(this.#folder).at(-1)?.path ?? '', torn)
  }

  /** The machine stops: of what was not flushed a part of the bytes is there. */
  async loseBytes(part: number): Promise<void> {
    const { flushed } = (await this.#open()).state()
    await this.kill('')
    const holder = { pid: 1, boot: 'an earlier boot', started: '1' }
    writeFileSync(join(this.#folder, 'lock'), JSON.stringify(holder))
    const newest = segments(this.#folder).at(-1)
    if (newest === undefined) return
    const text = readFileSync(newest.path, 'utf8')
    const sure = text.split('\n').filter(line => (headIn(line)?.seq ?? Infinity) <= flushed)
    const sureLength = sure.reduce((sum, line) => sum + line.length + 1, 0)
    const length = sureLength + Math.floor((text.length - sureLength) * part)
    const left = text.slice(0, length)
    // A line without its end is torn, however much of it is there.
    this.#forget(left.slice(0, left.lastIndexOf('\n') + 1))
    truncateSync(newest.path, length)
  }

  /** Bytes of a line of the newest segment turn into zeros while nobody looks. */
  async damage(at: number): Promise<void> {
    await this.#open()
    await this.close()
    const newest = segments(this.#folder).at(-1)
    if (newest === undefined) return
    const lines = readFileSync(newest.path, 'utf8').split('\n')
    const which = Math.floor(at * (lines.length - 1))
    const line = lines[which] ?? ''
    lines[which] = '\0'.repeat(line.length)
    writeFileSync(newest.path, lines.join('\n'))
    this.#forget(lines.slice(0, which).join('\n'))
  }

  /** Of the newest segment this is left; the rest cannot be asked for, unless it was handed in. */
  #forget(left: string): void {
    const there = [...this.received.lines.values(), left]
    const older = segments(this.#folder).slice(0, -1)
    const text = [...there, ...older.map(({ path }) => readFileSync(path, 'utf8'))].join('\n')
    for (const call of this.kept) if (!text.includes(`"${call}"`)) this.kept.delete(call)
  }

  /** Hands in everything, or as much as fits into one batch whose answer gets lost. */
  async ship(losing = false): Promise<void> {
    const journal = await this.#open()
    const { received } = this
    const seals = new Seals({ journal, now: () => this.#now, keyDays: 1 })
    const stop = new AbortController()
    const log = { warn: () => stop.abort() }
    received.losing = losing
    const controller = received.link
    const shipping = await shipJournal({ journal, controller, seals, log, batchBytes: 1000 })
    const running = shipping.run(stop.signal)
    while (!stop.signal.aborted && shipping.shipped() < newestIn(this.#folder)) await pause()
    stop.abort()
    await running
  }
}

function newestIn(folder: string): number {
  const texts = segments(folder).map(({ path }) => textOf(path))
  return texts
    .join('')
    .split('\n')
    .reduce((seq, line) => Math.max(seq, headIn(line)?.seq ?? 0), 0)
}

/** What was handed in may be deleted meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 2))
}

/** How large files of this process may become: prlimit(1). */
function limit(bytes: string): void {
  const { status } = spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
  if (status !== 0) throw new Error('no limit can be set')
}
