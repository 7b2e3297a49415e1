import { mkdir } from 'node:fs/promises'
import { backoff } from '../../lifecycle/backoff.ts'
import { type FolderLock, lockFolder } from '../../lifecycle/folder-lock.ts'
import { removeUnfinished } from '../../lifecycle/replace-file.ts'
import { type ChainEnd, headBytes } from '../../records/line.ts'
import { JournalFailure, type JournalFailureCode } from './failure.ts'
import { type Identity, readIdentity, writeIdentity } from './identity.ts'
import { type EntryJson, isWithin } from './line.ts'
import { LineBytes } from './line-bytes.ts'
import { recover } from './recover.ts'
import { segmentAt } from './segment.ts'
import type { Mark, Tail } from './tail.ts'

export interface JournalOptions {
  /** Folder of the journal; made with mode 0700 when it is not there. */
  readonly folder: string
  /** `batched`: an entry outlives the process at once and a power failure after 50 ms; `strict`: both at once. */
  readonly durability?: 'batched' | 'strict'
  /** A segment is closed when it has grown past this many bytes. */
  readonly segmentBytes?: number
  readonly maxEntryBytes?: number
  readonly now?: () => number
  /** Told of what nobody waits for: a flush that failed, a tail that was cut. */
  readonly warn?: (fields: object, message: string) => void
}

/** Where the proxy writes down every judged call before anybody hears of it. */
export interface Journal {
  /** Id of the proxy, stable as long as the folder is. */
  readonly proxy: string
  readonly folder: string
  /** Which opening of the folder this is, from 1. */
  readonly start: number
  /**
   * Keeps the entries, in order and all or none; resolves when they are as durable as was asked for.
   * Throws or rejects with a JournalFailure when they cannot be kept.
   */
  write(entries: readonly EntryJson[]): Promise<void>
  /** Number of the newest entry written, and of the newest that survives a power failure. */
  state(): JournalState
  /** Calls the listener when more entries survive a power failure; returns how to stop. */
  onFlushed(listener: () => void): () => void
  /** Flushes, and lets another process open the folder. */
  close(): Promise<void>
}

interface JournalState {
  readonly seq: number
  readonly flushed: number
}

/** Opens the journal of a folder, cuts a torn last line, goes on with the sequence. Rejects with a JournalFailure. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, warn = () => undefined } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  if ('heldBy' in lock) {
    throw new JournalFailure(
      'journal_locked',
      `the journal in ${folder} is in use by process ${lock.heldBy}; stop it or give this proxy a data folder of its own`,
    )
  }
  try {
    await removeUnfinished(folder)
    const known = await readIdentity(folder)
    const identity = { ...known, starts: known.starts + 1 }
    await writeIdentity(folder, identity)
    const { tail, end } = await recover(folder, identity, lock.afterPowerLoss, warn)
    return new FileJournal(options, identity, lock, tail, end)
  } catch (cause) {
    lock.release()
    throw new JournalFailure('journal_broken', `the journal in ${folder} cannot be opened`, {
      cause,
    })
  }
}

interface Waiter {
  readonly seq: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Characters that may wait for the end of a turn; memory must not depend on how many calls come in one. */
const mostWaiting = 256 * 1024

/** The longest that an acknowledged entry waits for its flush to begin. */
const flushEveryMs = 20

class FileJournal implements Journal {
  readonly proxy: string
  readonly folder: string
  readonly start: number
  readonly #options: Required<JournalOptions>
  readonly #lock: FolderLock
  readonly #tail: Tail
  readonly #backoff = backoff(100, 5000)
  readonly #listeners = new Set<() => void>()
  readonly #lines = new LineBytes()
  /** Entries of this turn of the event loop, and who waits for them. */
  #turn: PromiseWithResolvers<void> | null = null
  #entries: EntryJson[] = []
  #length = 0
  #waiters: Waiter[] = []
  #end: ChainEnd
  #flushed: { readonly end: ChainEnd; readonly mark: Mark }
  /** What to go back to before anything is written again, and not before when. */
  #broken: {
    readonly error: JournalFailure
    readonly cut: Mark | null
    readonly until: number
  } | null = null
  #flushing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(
    options: JournalOptions,
    identity: Identity,
    lock: FolderLock,
    tail: Tail,
    end: ChainEnd,
  ) {
    this.proxy = identity.proxy
    this.folder = options.folder
    this.start = identity.starts
    this.#options = {
      durability: 'batched',
      segmentBytes: 4 * 1024 * 1024,
      maxEntryBytes: 2 * 1024 * 1024,
      now: Date.now,
      warn: () => undefined,
      ...options,
    }
    this.#lock = lock
    this.#tail = tail
    this.#end = end
    this.#flushed = { end, mark: tail.mark }
  }

  write(entries: readonly EntryJson[]): Promise<void> {
    if (this.#closed) throw new JournalFailure('journal_closed', 'the journal is closed')
    if (this.#broken !== null) this.#mend(this.#broken)
    const { maxEntryBytes } = this.#options
    if (entries.some(entry => !isWithin(entry, maxEntryBytes - headBytes))) {
      throw new JournalFailure('entry_too_large', `an entry is larger than ${maxEntryBytes} bytes`)
    }
    return this.#join(entries)
  }

  state(): JournalState {
    return { seq: this.#end.seq, flushed: this.#flushed.end.seq }
  }

  onFlushed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#commit()
    await this.#flush()
    await this.#tail.close()
    this.#lock.release()
  }

  /** All entries of one turn of the event loop cost one write; each caller waits until it is done. */
  #join(entries: readonly EntryJson[]): Promise<void> {
    if (this.#turn === null) {
      this.#turn = Promise.withResolvers()
      setImmediate(() => this.#commit())
    }
    const { promise } = this.#turn
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#length += entry.length
    }
    if (this.#length > mostWaiting) this.#commit()
    return promise
  }

  /** Never throws: what is wrong is told to those who wait. */
  #commit(): void {
    const turn = this.#turn
    if (turn === null) return
    const entries = this.#entries
    this.#turn = null
    this.#entries = []
    this.#length = 0
    try {
      if (this.#broken !== null) this.#mend(this.#broken)
      const { bytes, end } = this.#lines.of(this.proxy, this.#end, entries)
      this.#append(bytes)
      this.#end = end
    } catch (error) {
      turn.reject(error)
      return
    }
    if (this.#options.durability === 'strict') {
      this.#untilFlushed(turn)
      return
    }
    this.#timer ??= setTimeout(() => void this.#flush(), flushEveryMs)
    turn.resolve()
  }

  #append(bytes: Buffer): void {
    try {
      if (this.#tail.mark.length >= this.#options.segmentBytes) this.#tail.roll(this.#end.seq + 1)
      this.#tail.append(bytes)
    } catch (error) {
      throw this.#break(error, this.#tail.cut() ? null : this.#tail.mark)
    }
  }

  /** Remembers what is wrong, so that the disk is not asked again with every call. */
  #break(cause: unknown, cut: Mark | null): JournalFailure {
    const full = cause instanceof Error && 'code' in cause && fullCodes.has(String(cause.code))
    const code: JournalFailureCode = full ? 'journal_full' : 'journal_broken'
    const error = new JournalFailure(
      code,
      full ? 'there is no room for the journal' : 'the journal cannot be written',
      { cause },
    )
    this.#broken = { error, cut, until: this.#options.now() + this.#backoff.next() }
    return error
  }

  #mend({ error, cut, until }: { error: JournalFailure; cut: Mark | null; until: number }): void {
    if (this.#options.now() < until) throw error
    try {
      if (cut !== null) this.#tail.rewind(cut)
    } catch (cause) {
      throw this.#break(cause, cut)
    }
    this.#broken = null
  }

  #untilFlushed({ resolve, reject }: PromiseWithResolvers<void>): void {
    this.#waiters.push({ seq: this.#end.seq, resolve, reject })
    void this.#flush()
  }

  /** One flush at a time; entries that come meanwhile share the next, after their own wait. Never rejects. */
  #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#flushed.end === this.#end) return Promise.resolve()
    this.#flushing ??= this.#flushAll()
    return this.#flushing
  }

  async #flushAll(): Promise<void> {
    try {
      // A timer that runs will flush what has come since; without one somebody waits already.
      while (this.#flushed.end !== this.#end && this.#timer === null) {
        const goal = { end: this.#end, mark: this.#tail.mark }
        await this.#tail.flush()
        this.#flushed = goal
        this.#backoff.reset()
        this.#release(goal.end.seq)
      }
    } catch (error) {
      this.#flushFailed(error)
    } finally {
      this.#flushing = null
    }
  }

  #release(seq: number): void {
    const done = this.#waiters.filter(waiter => waiter.seq <= seq)
    this.#waiters = this.#waiters.filter(waiter => waiter.seq > seq)
    for (const waiter of done) waiter.resolve()
    for (const listener of this.#listeners) listener()
  }

  /**
   * After a failed flush the kernel may have thrown the bytes away and still call the next flush a success.
   * Strict entries were acknowledged to nobody and are cut off. Batched ones were: they stay, and go to
   * the controller as long as they can be read; those that cannot show as a gap.
   */
  #flushFailed(cause: unknown): void {
    const { durability, warn } = this.#options
    const from = this.#flushed.end.seq + 1
    if (durability === 'strict') this.#end = this.#flushed.end
    const fresh = { segment: segmentAt(this.folder, this.#end.seq + 1), length: 0 }
    const kept = durability === 'strict' ? this.#flushed.mark : null
    const cut = isGone(cause) ? fresh : kept
    const error = this.#break(cause, cut)
    warn({ err: error, from }, 'journal not flushed')
    this.#flushed = { end: this.#end, mark: cut ?? this.#tail.mark }
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
