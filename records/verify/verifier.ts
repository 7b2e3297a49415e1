import { createHash } from 'node:crypto'
import type { ExportChain, ExportEnd, ExportHeader } from '../../schemas/audit-export.ts'
import { genesisOf } from '../chain.ts'
import { headBytes, headIn } from '../line.ts'
import { isSignedBy } from '../statement.ts'
import { type Break, ChainPart, type ChainReport } from './chain-part.ts'
import { Checkpoints, type CheckpointsReport } from './checkpoints.ts'
import type { Claim } from './claims.ts'
import { type Flaw, type FlawCode, Flaws } from './flaws.ts'
import type { Published } from './published.ts'
import { type ExportStatement, mostStatementBytes, readStatement } from './read-statement.ts'

export interface VerifyOptions {
  /** Name of the key that signed checkpoints, known from elsewhere. */
  readonly key?: string
  /** Checkpoints as they were published. */
  readonly published?: Published
}

/** What an export proves. */
export interface Report {
  /** Whether there is no flaw. */
  readonly proved: boolean
  readonly header: ExportHeader | null
  readonly lines: number
  readonly chains: readonly ChainReport[]
  readonly checkpoints: CheckpointsReport
  /** The key that signed the end; null when nothing is known of it. */
  readonly signedBy: string | null
  /** Whether the key was known from elsewhere. */
  readonly pinned: boolean
  readonly flaws: readonly Flaw[]
  /** All flaws; of very many only the first are in `flaws`. */
  readonly flawCount: number
}

/** Takes the lines of an export one after the other, without their ends, and says at the end what they prove. */
export interface Verifier {
  take(line: Uint8Array): void
  end(): Report
}

const mostLineBytes = 16 * 1024 * 1024 + headBytes
const mostChains = 100_000
const mostBreaks = 1000
const entryBegins = Buffer.from('{"proxy":')
const lineEnd = Buffer.from('\n')

/** A verifier of one export. Total: no input makes it throw, and memory does not grow with the entries. */
export function verifier(options: VerifyOptions = {}): Verifier {
  return new ExportVerifier(options)
}

class ExportVerifier implements Verifier {
  readonly #options: VerifyOptions
  readonly #flaws = new Flaws()
  readonly #hash = createHash('sha256')
  readonly #reports: ChainReport[] = []
  readonly #ends = new Map<string, ChainPart['end']>()
  readonly #breaks: Break[] = []
  #checkpoints: Checkpoints
  #header: ExportHeader | null = null
  #end: ExportEnd | null = null
  #chain: ChainPart | null = null
  /** Whether checkpoints come behind the chains. */
  #late = false
  #line = 0

  constructor(options: VerifyOptions) {
    this.#options = options
    this.#checkpoints = new Checkpoints(null, this.#published, this.#flaws)
  }

  take(line: Uint8Array): void {
    this.#line += 1
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
    const isEntry = bytes.subarray(0, entryBegins.length).equals(entryBegins)
    const statement = isEntry ? null : this.#statement(bytes)
    if (this.#end !== null) this.#flaw('misplaced', 'comes behind the end')
    else if (statement?.type === 'writ.export-end.v1') this.#takeEnd(statement)
    else {
      this.#hash.update(bytes).update(lineEnd)
      if (this.#header === null) this.#begin(statement)
      else if (isEntry) this.#entry(bytes)
      else if (statement !== null) this.#takeStatement(statement)
    }
  }

  end(): Report {
    const all = this.#flaws
    this.#closeChain()
    this.#settleBreaks()
    if (this.#header === null) this.#about('header_missing', 'This is no export of Writ.')
    else if (this.#end === null) {
      this.#about('end_missing', 'The end is missing: the export was cut off.')
    }
    this.#expectTails()
    const { key } = this.#options
    const time = this.#header?.time ?? new Date(0).toISOString()
    const checkpoints = this.#checkpoints.end(time, key ?? null)
    return {
      proved: all.count === 0,
      header: this.#header,
      lines: this.#line,
      chains: this.#reports,
      checkpoints,
      signedBy: this.#end?.keyId ?? null,
      pinned: key !== undefined && checkpoints.keys.includes(key),
      flaws: all.list(),
      flawCount: all.count,
    }
  }

  get #published(): Published {
    return this.#options.published ?? new Map()
  }

  #statement(bytes: Buffer): ExportStatement | null {
    const fits = bytes.length <= mostStatementBytes
    const statement = fits ? readStatement(bytes.toString('utf8')) : null
    if (statement === null) this.#flaw('line_malformed', 'is neither an entry nor a statement')
    return statement
  }

  #begin(statement: ExportStatement | null): void {
    if (statement?.type !== 'writ.export.v1') {
      if (this.#line === 1) this.#flaw('header_missing', 'does not say that this is an export')
      return
    }
    if (this.#line > 1) this.#flaw('misplaced', 'is a beginning, and not the first')
    this.#header = statement
    const key = statement.checkpointKey ?? null
    this.#checkpoints = new Checkpoints(key, this.#published, this.#flaws)
  }

  #entry(bytes: Buffer): void {
    const head = headIn(bytes.toString('latin1', 0, headBytes))
    if (bytes.length > mostLineBytes) this.#flaw('line_too_long', 'is longer than any entry')
    else if (head === null) this.#flaw('line_malformed', 'begins like an entry, and is none')
    else this.#own(head.proxy)?.entry(bytes, head, this.#line)
  }

  #takeStatement(statement: Exclude<ExportStatement, ExportEnd>): void {
    const line = this.#line
    switch (statement.type) {
      case 'writ.export.v1':
        this.#flaw('misplaced', 'is a second beginning')
        break
      case 'writ.export-chain.v1':
        this.#openChain(statement)
        break
      case 'writ.checkpoint.v1':
        this.#late ||= this.#chain !== null
        this.#closeChain()
        this.#checkpoints.take(statement, line, this.#late)
        break
      case 'writ.chain-key.v1':
        this.#own(statement.proxy)?.key(statement, line)
        break
      case 'writ.seal.v1':
        this.#own(statement.proxy)?.seal(statement, line)
        break
      case 'writ.omitted.v1':
        this.#own(statement.proxy)?.omitted(statement, line)
    }
  }

  /** The chain that a line of a proxy stands in. */
  #own(proxy: string): ChainPart | null {
    if (this.#chain?.proxy === proxy) return this.#chain
    const message = `${proxy}: line ${this.#line} stands in the chain of another proxy.`
    this.#flaws.add({ code: 'misplaced', line: this.#line, proxy, message })
    return null
  }

  #openChain(part: ExportChain): void {
    this.#closeChain()
    if (this.#late) this.#flaw('misplaced', 'is a chain behind the last checkpoints')
    else if (this.#ends.has(part.proxy)) this.#flaw('misplaced', 'begins a chain again')
    else if (this.#ends.size >= mostChains) this.#flaw('too_much', 'is of one proxy too many')
    else {
      this.#chain = new ChainPart(part, this.#line, {
        claims: this.#checkpoints.claims,
        mayBeginLater: this.#header?.from !== undefined,
        flaw: flaw => this.#flaws.add(flaw),
        broken: gap => this.#broken(gap),
      })
      this.#ends.set(part.proxy, this.#chain.end)
    }
  }

  #closeChain(): void {
    const chain = this.#chain
    if (chain === null) return
    this.#reports.push(chain.close(this.#line))
    this.#ends.set(chain.proxy, chain.end)
    this.#chain = null
  }

  #broken(gap: Break): void {
    if (this.#breaks.length < mostBreaks) this.#breaks.push(gap)
    else this.#flaws.add(gap.flaw)
  }

  /** Runs that were deleted while the export was made are in a checkpoint that comes last. */
  #settleBreaks(): void {
    for (const { flaw, to, ...from } of this.#breaks) {
      if (this.#checkpoints.claims.path(from, to) === null) this.#flaws.add(flaw)
    }
  }

  #takeEnd(end: ExportEnd): void {
    this.#closeChain()
    this.#end = end
    const sha256 = this.#hash.digest('base64url')
    if (end.lines !== this.#line - 1 || end.sha256 !== sha256) {
      this.#flaw('end_differs', 'says that the lines before it were others')
    }
    const { key } = this.#checkpoints
    if (key === null || !isSignedBy(end, key)) {
      this.#flaw('end_unsigned', 'is not signed by the key of the newest checkpoint')
    }
  }

  /** Every chain must reach what checkpoints say of it, unless the export says that it ends before. */
  #expectTails(): void {
    if (this.#header?.to !== undefined) return
    for (const [proxy, claim] of this.#checkpoints.claims.newest()) this.#expectTail(proxy, claim)
  }

  #expectTail(proxy: string, { checkpoint, seq, link: to }: Claim): void {
    const end = this.#ends.get(proxy)
    if (end === undefined && this.#mayLeaveOut(proxy)) return
    const { seq: last, link } = end ?? { seq: 0, link: genesisOf(proxy) }
    if (last >= seq) return
    if (this.#checkpoints.claims.path({ proxy, link, last }, to) !== null) return
    const message = `${proxy}: checkpoint ${checkpoint} knows entries up to ${seq}, and those from ${last + 1} on are missing.`
    this.#flaws.add({ code: 'tail_missing', line: 0, proxy, seq: last + 1, message })
  }

  #mayLeaveOut(proxy: string): boolean {
    const { from, filter = {} } = this.#header ?? {}
    return from !== undefined || (filter.proxy ?? proxy) !== proxy
  }

  #flaw(code: FlawCode, what: string): void {
    this.#flaws.add({ code, line: this.#line, message: `Line ${this.#line} ${what}.` })
  }

  #about(code: FlawCode, message: string): void {
    this.#flaws.add({ code, line: 0, message })
  }
}
