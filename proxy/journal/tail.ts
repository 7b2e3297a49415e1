import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { flushFolder } from '../../lifecycle/replace-file.ts'
import { type Segment, segmentAt, segments } from './segment.ts'

const flushed = promisify(fdatasync)
const closed = promisify(close)

/** A position in the journal: everything up to byte `length` of `segment` is whole. */
export interface Mark {
  readonly segment: Segment
  readonly length: number
}

/** The end of the journal, where bytes are added. Either all bytes of an `append` are there afterwards or none. */
export class Tail {
  readonly #folder: string
  #fd: number
  #mark: Mark
  /** Descriptors that are written to no more; the next flush closes them. */
  #retired: number[] = []
  #folderChanged = true

  /** Opens the journal at `mark` and cuts off whatever is behind it. */
  constructor(folder: string, mark: Mark) {
    this.#folder = folder
    this.#mark = mark
    this.#fd = openAt(folder, mark)
  }

  get mark(): Mark {
    return this.#mark
  }

  /** Throws the error of the disk. `false` from `cut` afterwards means that the tail could not be cleaned. */
  append(bytes: Buffer): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.#fd, bytes, done)
    this.#mark = { segment: this.#mark.segment, length: this.#mark.length + bytes.length }
  }

  /** Removes what a failed `append` left behind. */
  cut(): boolean {
    try {
      ftruncateSync(this.#fd, this.#mark.length)
      return true
    } catch {
      return false
    }
  }

  /** Goes on in a new segment that begins with entry `first`. */
  roll(first: number): void {
    this.#moveTo({ segment: segmentAt(this.#folder, first), length: 0 })
  }

  /** Goes back to `mark` and forgets what is behind it. Throws the error of the disk. */
  rewind(mark: Mark): void {
    this.#moveTo(mark)
  }

  /**
   * Settles when every byte appended before the call has reached the disk. Rejects with the error of the
   * disk, or with ENOENT when somebody took the file away: what is written then goes nowhere.
   */
  async flush(): Promise<void> {
    const retired = this.#retired.splice(0)
    const { path } = this.#mark.segment
    try {
      for (const fd of [...retired, this.#fd]) await flushed(fd)
      if (this.#folderChanged) await flushFolder(this.#folder)
      this.#folderChanged = false
      statSync(path)
    } finally {
      await Promise.allSettled(retired.map(fd => closed(fd)))
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#retired.splice(0), this.#fd].map(fd => closed(fd)))
  }

  #moveTo(mark: Mark): void {
    const fd = openAt(this.#folder, mark)
    this.#retired.push(this.#fd)
    this.#fd = fd
    this.#mark = mark
    this.#folderChanged = true
  }
}

function openAt(folder: string, { segment, length }: Mark): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const later of segments(folder).filter(other => other.first > segment.first)) {
    unlinkSync(later.path)
  }
  const fd = openSync(segment.path, 'a', 0o600)
  try {
    if (fstatSync(fd).size < length) throw new RangeError('entries have disappeared')
    ftruncateSync(fd, length)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
