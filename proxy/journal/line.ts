import type { Record } from '../../schemas/record.ts'

/** An entry before the journal gives it a number. */
export type NewEntry = Omit<Record, 'proxy' | 'seq' | 'prev'>

/** A NewEntry as `JSON.stringify` writes it: the two entries of a call share most of their text. */
export type EntryJson = string

/** Whether the text takes so many bytes at most; most is settled by how many a character can take. */
export function isWithin(text: string, mostBytes: number): boolean {
  return text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes
}
