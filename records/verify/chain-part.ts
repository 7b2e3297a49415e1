import type { ExportChain } from '../../schemas/audit-export.ts'
import type { ChainKey, OmittedRange, Seal } from '../../schemas/chain.ts'
import { type Digest, digestOf, genesisOf, type Link, linkOf } from '../chain.ts'
import { type Head, prevOf } from '../line.ts'
import { ChainKeys } from './chain-keys.ts'
import type { Claim, Claims, Pruned } from './claims.ts'
import type { Flaw, FlawCode } from './flaws.ts'
import { Runs, type RunsReport } from './runs.ts'

/** What is to be said of the part of a chain that an export holds. */
export interface ChainReport {
  readonly proxy: string
  readonly from: number
  readonly to: number
  /** `whole`: the first that it ever wrote; `pruned`: what is before was deleted; `later`: what is before is not shown. */
  readonly begins: 'whole' | 'pruned' | 'later'
  /** Entries that are shown, and that are left out by digest. */
  readonly entries: number
  readonly omitted: number
  /** Entries that were written without a chain. */
  readonly unchained: number
  /** Numbers that no entry has although the chain goes on: they were lost before anybody had them. */
  readonly lost: RunsReport
  /** Entries that retention deleted, by the word of checkpoints. */
  readonly pruned: RunsReport
  readonly keys: readonly string[]
  /** The checkpoint that names the first of the keys. */
  readonly keyNamedBy: number | null
  /** The last entry that the proxy sealed, and when. */
  readonly sealed: { readonly seq: number; readonly time: string } | null
  /** The last entry that a checkpoint speaks of. */
  readonly checkpointed: Claim | null
}

export interface ChainPartNeeds {
  readonly claims: Claims
  /** Entries before the part may be left out: the export says that it begins later. */
  readonly mayBeginLater: boolean
  readonly flaw: (flaw: Flaw) => void
  /** A break that a checkpoint may still explain when it comes late. */
  readonly broken: (gap: Break) => void
}

/** A place where a chain does not go on; `flaw` is what it is unless deleted runs lead from `link` to `to`. */
export interface Break {
  readonly proxy: string
  readonly link: Link
  readonly last: number
  readonly to: Link
  readonly flaw: Flaw
}

/** Follows the part of one chain, entry by entry, in constant memory. */
export class ChainPart {
  readonly #part: ExportChain
  readonly #needs: ChainPartNeeds
  readonly #claims: readonly Claim[]
  readonly #keys = new ChainKeys()
  readonly #lost = new Runs()
  readonly #pruned = new Runs()
  readonly #begins: ChainReport['begins']
  #link: Link
  #seq: number
  #claim = 0
  #entries = 0
  #omitted = 0
  #unchained = 0
  #chained = false
  #keyNamedBy: number | null = null
  #sealed: ChainReport['sealed'] = null
  #checkpointed: Claim | null = null

  constructor(part: ExportChain, line: number, needs: ChainPartNeeds) {
    this.#part = part
    this.#needs = needs
    this.#claims = needs.claims.of(part.proxy)
    this.#link = part.prev
    this.#seq = part.from - 1
    this.#begins = this.#begin(line)
    while ((this.#claims[this.#claim]?.seq ?? Number.POSITIVE_INFINITY) < part.from) this.#claim++
  }

  get proxy(): string {
    return this.#part.proxy
  }

  /** The end of the chain so far. */
  get end(): { readonly seq: number; readonly link: Link } {
    return { seq: this.#seq, link: this.#link }
  }

  /** Takes the next entry: the bytes of its line and what stands at their beginning. */
  entry(bytes: Uint8Array, head: Head, line: number): void {
    if (!this.#isNext(head.seq, line)) return
    this.#entries += 1
    if (head.prev === null) this.#withoutChain(head.seq, line)
    else this.#chainedTo(head.prev, head.seq, line)
    this.#advance(head.seq, linkOf(prevOf(head), digestOf(bytes)), line)
  }

  /** Takes entries that are left out. */
  omitted({ from, digests }: OmittedRange, line: number): void {
    if (!this.#isNext(from, line)) return
    const run = this.#needs.claims.after({ proxy: this.proxy, link: this.#link, last: this.#seq })
    if (run !== null && run.to < from) this.#jump([run])
    else if (from > this.#seq + 1) this.#lost.add(this.#seq + 1, from - 1)
    this.#chained = true
    let seq = from
    for (const digest of digests) {
      this.#omitted += 1
      this.#advance(seq, linkOf(this.#link, digest as Digest), line)
      seq += 1
    }
  }

  key(key: ChainKey, line: number): void {
    const objection = this.#keys.take(key, this.#sealed?.seq ?? 0)
    if (objection !== null) this.#flaw(objection[0], key.from, line, `A ${objection[1]}`)
    const naming = this.#claims.find(({ chainKey }) => chainKey === this.#keys.ids[0])
    this.#keyNamedBy ??= naming?.checkpoint ?? null
  }

  seal(seal: Seal, line: number): void {
    const { seq, time } = seal
    const objection = this.#keys.objection(seal)
    if (objection !== null) {
      this.#flaw(objection[0], seq, line, `Entry ${seq} ${objection[1]}`)
    } else if (seq !== this.#seq || seal.link !== this.#link) {
      this.#flaw(
        'seal_differs',
        seq,
        line,
        `Entry ${seq}, or one before it, is not as it was sealed`,
      )
    } else this.#sealed = { seq, time }
  }

  /** Says what is missing at the end of the part; `line` is the one behind it. */
  close(line: number): ChainReport {
    const { proxy, from, to } = this.#part
    if (this.#seq < to) {
      const missing = this.#seq + 1
      this.#flaw('tail_missing', missing, line, `Entries from ${missing} to ${to} are missing`)
    }
    return {
      ...{ proxy, from, to: this.#seq, begins: this.#begins, entries: this.#entries },
      ...{ omitted: this.#omitted, unchained: this.#unchained },
      ...{ lost: this.#lost.report(), pruned: this.#pruned.report() },
      ...{ keys: this.#keys.ids, keyNamedBy: this.#keyNamedBy, sealed: this.#sealed },
      checkpointed: this.#checkpointed,
    }
  }

  #begin(line: number): ChainReport['begins'] {
    const { proxy, from, prev } = this.#part
    const genesis = genesisOf(proxy)
    if (prev === genesis) {
      if (!this.#needs.mayBeginLater) this.#withoutLinks(1, from - 1)
      return 'whole'
    }
    const path = this.#needs.claims.path({ proxy, link: genesis, last: 0 }, prev)
    if (path !== null) {
      for (const { from, to } of path) this.#pruned.add(from, to)
      return 'pruned'
    }
    if (this.#needs.mayBeginLater) return 'later'
    const message = `${proxy}: nobody speaks for the entries before ${from}.`
    const flaw: Flaw = { code: 'begin_missing', line, proxy, seq: 1, message }
    this.#needs.broken({ proxy, link: genesis, last: 0, to: prev, flaw })
    return 'later'
  }

  #isNext(seq: number, line: number): boolean {
    if (seq > this.#seq) return true
    this.#flaw('entry_repeated', seq, line, `Entry ${seq} comes again, or too late`)
    return false
  }

  #withoutChain(seq: number, line: number): void {
    this.#unchained += 1
    if (this.#chained) {
      this.#flaw('link_missing', seq, line, `Entry ${seq} has no link, and entries before it have`)
    } else this.#withoutLinks(this.#seq + 1, seq - 1)
  }

  /** Numbers without entries where entries have no links: deleted where a checkpoint says so, else lost. */
  #withoutLinks(from: number, to: number): void {
    const link = genesisOf(this.proxy)
    let next = from
    while (next <= to) {
      const run = this.#needs.claims.after({ proxy: this.proxy, link, last: next - 1 })
      if (run === null || run.to > to) break
      if (run.from > next) this.#lost.add(next, run.from - 1)
      this.#pruned.add(run.from, run.to)
      next = run.to + 1
    }
    if (next <= to) this.#lost.add(next, to)
  }

  #chainedTo(prev: Link, seq: number, line: number): void {
    this.#chained = true
    if (prev === this.#link) {
      if (seq > this.#seq + 1) this.#lost.add(this.#seq + 1, seq - 1)
      return
    }
    const at = { proxy: this.proxy, link: this.#link, last: this.#seq }
    const path = this.#needs.claims.path(at, prev)
    if (path !== null && (path.at(-1)?.to ?? seq) < seq) this.#jump(path)
    else this.#needs.broken({ ...at, to: prev, flaw: this.#brokenBefore(seq, line) })
  }

  #brokenBefore(seq: number, line: number): Flaw {
    const { proxy } = this
    const last = this.#seq
    if (seq > last + 1) {
      const message = `${proxy}: entries from ${last + 1} to ${seq - 1} are missing.`
      return { code: 'entry_missing', line, proxy, seq: last + 1, message }
    }
    const changed = last < this.#part.from ? seq : last
    const message = `${proxy}: entry ${changed} is not the one that entry ${seq} is chained to, or entry ${seq} was changed.`
    return { code: 'link_differs', line, proxy, seq: changed, message }
  }

  #jump(path: readonly Pruned[]): void {
    for (const { from, to, after } of path) {
      this.#pruned.add(from, to)
      this.#seq = to
      this.#link = after
    }
    while ((this.#claims[this.#claim]?.seq ?? Number.POSITIVE_INFINITY) <= this.#seq) this.#claim++
  }

  #advance(seq: number, link: Link, line: number): void {
    this.#seq = seq
    this.#link = link
    for (let claim = this.#claims[this.#claim]; claim !== undefined; ) {
      if (claim.seq > seq) return
      if (claim.seq === seq && claim.link === link) this.#checkpointed = claim
      else {
        const { checkpoint } = claim
        const what = `Entry ${claim.seq}, or one before it, is not as checkpoint ${checkpoint} has it`
        this.#flaw('checkpoint_differs', claim.seq, line, what)
      }
      this.#claim += 1
      claim = this.#claims[this.#claim]
    }
  }

  #flaw(code: FlawCode, seq: number, line: number, what: string): void {
    const { proxy } = this
    this.#needs.flaw({ code, line, proxy, seq, message: `${proxy}: ${lower(what)}.` })
  }
}

function lower(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`
}
