import { type Digest, digestOf, genesisOf, isDigest, type Link, linkOf } from './chain.ts'

/** What a line of the journal begins with, ASCII, in place of the brace that opens its entry. */
export function headOf(proxy: string, seq: number, prev: Digest): string {
  return `{"proxy":"${proxy}","seq":${seq},"prev":"${prev}",`
}

/** No head of a line is longer, in bytes. */
export const headBytes = 256

/** What stands at the beginning of a line. */
export interface Head {
  readonly proxy: string
  readonly seq: number
  /** The link of the entry before; null in a line that was written without a chain. */
  readonly prev: Digest | null
}

const head = /^\{"proxy":"([\w.-]{1,128})","seq":([1-9][0-9]{0,15}),(?:"prev":"([\w-]{43})",)?/

/** The head of a line as the journal writes it, read without a parser; null for anything else. */
export function headIn(line: string): Head | null {
  const [, proxy, digits, prev = null] = head.exec(line) ?? []
  if (proxy === undefined || (prev !== null && !isDigest(prev))) return null
  return { proxy, seq: Number(digits), prev }
}

/** What a line is chained to: what it says, and the beginning where it says nothing. */
export function prevOf({ proxy, prev }: Head): Digest {
  return prev ?? genesisOf(proxy)
}

/** Where a chain ends: its newest entry, and what the next one is chained to. */
export interface ChainEnd {
  readonly seq: number
  readonly link: Link
}

/** Where the chain ends behind a line; null when the text is no line of a journal. */
export function endAfter(line: string): ChainEnd | null {
  const head = headIn(line)
  return head && { seq: head.seq, link: linkOf(prevOf(head), digestOf(line)) }
}
