import { noOverload } from './arithmetic.ts'
import { characters, length, offsetOf } from './code-points.ts'
import { type Frame, spendSize } from './frame.ts'
import { Fault, isList, type Outcome, type Value } from './value.ts'

const outside = new Fault('the index lies outside of the text')

export function contains(frame: Frame, text: Value, part: Value): Outcome {
  if (typeof text !== 'string' || typeof part !== 'string') {
    return noOverload('contains', text, part)
  }
  spendSize(frame, text.length)
  return text.includes(part)
}

export function startsWith(_: Frame, text: Value, part: Value): Outcome {
  const texts = typeof text === 'string' && typeof part === 'string'
  return texts ? text.startsWith(part) : noOverload('startsWith', text, part)
}

export function endsWith(_: Frame, text: Value, part: Value): Outcome {
  const texts = typeof text === 'string' && typeof part === 'string'
  return texts ? text.endsWith(part) : noOverload('endsWith', text, part)
}

export function charAt(frame: Frame, text: Value, place: Value): Outcome {
  if (typeof text !== 'string' || typeof place !== 'bigint')
    return noOverload('charAt', text, place)
  const offset = offsetOf(frame, text, place)
  if (offset === null) return outside
  return text.slice(offset, offset + ((text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1))
}

export function indexOf(frame: Frame, text: Value, part: Value, from: Value = 0n): Outcome {
  if (typeof text !== 'string' || typeof part !== 'string' || typeof from !== 'bigint') {
    return noOverload('indexOf', text, part, from)
  }
  const start = offsetOf(frame, text, from)
  if (start === null) return outside
  return place(frame, text, text.indexOf(part, start))
}

export function lastIndexOf(frame: Frame, text: Value, part: Value): Outcome {
  if (typeof text !== 'string') return noOverload('lastIndexOf', text, part)
  return lastIndexOfFrom(frame, text, part, BigInt(length(frame, text)))
}

export function lastIndexOfFrom(frame: Frame, text: Value, part: Value, from: Value): Outcome {
  if (typeof text !== 'string' || typeof part !== 'string' || typeof from !== 'bigint') {
    return noOverload('lastIndexOf', text, part, from)
  }
  const start = offsetOf(frame, text, from)
  return start === null ? outside : place(frame, text, text.lastIndexOf(part, start))
}

/** A UTF-16 offset as a place counted in characters; -1 stays. */
function place(frame: Frame, text: string, offset: number): bigint {
  return BigInt(offset < 0 ? offset : length(frame, text.slice(0, offset)))
}

export function substring(frame: Frame, text: Value, from: Value): Outcome {
  if (typeof text !== 'string') return noOverload('substring', text, from)
  return substringTo(frame, text, from, BigInt(length(frame, text)))
}

export function substringTo(frame: Frame, text: Value, from: Value, to: Value): Outcome {
  if (typeof text !== 'string' || typeof from !== 'bigint' || typeof to !== 'bigint') {
    return noOverload('substring', text, from, to)
  }
  const [start, end] = [offsetOf(frame, text, from), offsetOf(frame, text, to)]
  return start === null || end === null || start > end ? outside : text.slice(start, end)
}

export function lowerAscii(frame: Frame, text: Value): Outcome {
  if (typeof text !== 'string') return noOverload('lowerAscii', text)
  spendSize(frame, text.length)
  return text.replace(/[A-Z]+/g, run => run.toLowerCase())
}

export function upperAscii(frame: Frame, text: Value): Outcome {
  if (typeof text !== 'string') return noOverload('upperAscii', text)
  spendSize(frame, text.length)
  return text.replace(/[a-z]+/g, run => run.toUpperCase())
}

/** Unicode White_Space, which is not what `String.prototype.trim` removes. */
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

export function trim(frame: Frame, text: Value): Outcome {
  if (typeof text !== 'string') return noOverload('trim', text)
  spendSize(frame, text.length)
  let [start, end] = [0, text.length]
  while (start < end && space.test(text.charAt(start))) start++
  while (end > start && space.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

export function reverse(frame: Frame, text: Value): Outcome {
  if (typeof text !== 'string') return noOverload('reverse', text)
  return [...characters(frame, text)].reverse().join('')
}

export function replace(
  frame: Frame,
  text: Value,
  from: Value,
  to: Value,
  limit: Value = -1n,
): Outcome {
  if (typeof text !== 'string' || typeof from !== 'string' || typeof to !== 'string') {
    return noOverload('replace', text, from, to)
  }
  if (typeof limit !== 'bigint') return noOverload('replace', text, from, to, limit)
  const parts = splitAtMost(frame, text, from, limit < 0n ? -1n : limit + 1n, from === '')
  spendSize(frame, text.length + parts.length * to.length)
  return parts.join(to)
}

export function split(frame: Frame, text: Value, by: Value, limit: Value = -1n): Outcome {
  if (typeof text !== 'string' || typeof by !== 'string' || typeof limit !== 'bigint') {
    return noOverload('split', text, by, limit)
  }
  return limit === 0n ? [] : splitAtMost(frame, text, by, limit, false)
}

/** The parts, as many as `limit` when it is not negative; the last holds the rest. `ends` also cuts before the first character and behind the last. */
function splitAtMost(
  frame: Frame,
  text: string,
  by: string,
  limit: bigint,
  ends: boolean,
): readonly string[] {
  spendSize(frame, text.length * 8)
  const parts = by === '' ? [...text] : text.split(by)
  const all = ends ? ['', ...parts, ''] : parts
  if (limit < 0n || BigInt(all.length) <= limit) return all
  const kept = Number(limit) - 1
  return [...all.slice(0, kept), all.slice(kept).join(by)]
}

export function join(frame: Frame, list: Value, by: Value = ''): Outcome {
  const texts = isList(list) && list.every(item => typeof item === 'string')
  if (!texts || typeof by !== 'string') return noOverload('join', list, by)
  spendSize(
    frame,
    list.reduce<number>((sum, item) => sum + (item as string).length + by.length + 8, 0),
  )
  return list.join(by)
}

const escapes = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
} as const

export function quote(frame: Frame, text: Value): Outcome {
  if (typeof text !== 'string') return noOverload('strings.quote', text)
  spendSize(frame, text.length)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return `"${text.replace(/[\x07-\r"\\]/g, char => escapes[char as keyof typeof escapes]).toWellFormed()}"`
}
