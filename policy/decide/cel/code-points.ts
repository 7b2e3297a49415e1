import { type Frame, spendSize } from './frame.ts'

const surrogate = /[\ud800-\udfff]/

/** How many characters (code points) a text has. */
export function length(frame: Frame, text: string): number {
  spendSize(frame, text.length)
  if (!surrogate.test(text)) return text.length
  let count = 0
  for (const _ of text) count++
  return count
}

/** The characters (code points) of a text. */
export function characters(frame: Frame, text: string): readonly string[] {
  spendSize(frame, text.length * 8)
  return [...text]
}

/** The UTF-16 offset of a place counted in characters; null outside of the text. */
export function offsetOf(frame: Frame, text: string, place: bigint): number | null {
  if (place < 0n || place > BigInt(text.length)) return null
  const wanted = Number(place)
  if (!surrogate.test(text)) return wanted
  const all = characters(frame, text)
  return wanted > all.length ? null : all.slice(0, wanted).join('').length
}
