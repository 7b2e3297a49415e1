import type { Record } from '../../schemas/record.ts'

/** An entry before the journal gives it a number. */
export type NewEntry = Omit<Record, 'proxy' | 'seq'>

/** A NewEntry as `JSON.stringify` writes it: the two entries of a call share most of their text. */
export type EntryJson = string

/** One line of the journal, ended by a newline; `proxy` and `seq` come first so that they can be read without a parser. */
export function line(proxy: string, seq: number, entry: NewEntry): string {
  return `${headOf(proxy, seq)}${JSON.stringify(entry).slice(1)}\n`
}

/** What a line begins with, ASCII, in place of the brace that opens its entry. */
export function headOf(proxy: string, seq: number): string {
  return `{"proxy":"${proxy}","seq":${seq},`
}

/** Whether the text takes so many bytes at most; most is settled by how many a character can take. */
export function isWithin(text: string, mostBytes: number): boolean {
  return text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes
}

const head = /^\{"proxy":"([\w.-]{1,128})","seq":([1-9][0-9]{0,15}),/

/** The number of a line that `line` wrote, or null for anything else. */
export function seqOf(text: string): number | null {
  const digits = head.exec(text)?.[2]
  return digits === undefined ? null : Number(digits)
}

/** The proxy named in a line that `line` wrote, or null for anything else. */
export function proxyOf(text: string): string | null {
  return head.exec(text)?.[1] ?? null
}
