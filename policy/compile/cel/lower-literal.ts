import type { Literal } from '../../../schemas/expression.ts'
import { errorAt, type Report } from './condition-problem.ts'
import type { SyntaxTree } from './syntax-tree.ts'

type At = readonly [start: number, end: number]

const maxInt = 2n ** 63n - 1n

/** A literal, read from the source where the parser loses something; null when it is reported. */
export function lowerLiteral(
  value: unknown,
  at: At,
  source: string,
  report: Report,
): Literal | null {
  const text = source.slice(...at)
  if (value === null) return { op: 'null', at }
  switch (typeof value) {
    case 'boolean':
      return { op: 'bool', value, at }
    case 'number':
      return { op: 'double', value, at }
    case 'bigint':
      return value <= maxInt ? { op: 'int', value: String(value), at } : tooLarge(at, report)
    case 'string':
      return lowerText(value, text, at, report)
    default:
      return value instanceof Uint8Array
        ? lowerBytes(text, at)
        : { op: 'uint', value: String(BigInt(text.slice(0, -1))), at }
  }
}

function tooLarge(at: At, report: Report): null {
  report(errorAt(at, 'number_too_large', 'The number does not fit into 64 bits.'))
  return null
}

/** `-5` as one literal, so that the smallest int can be written; null for anything else. */
export function negativeNumber(operand: SyntaxTree, at: At, source: string): Literal | null {
  if (operand.op !== 'value') return null
  // JSON has no -0.
  if (typeof operand.args === 'number' && operand.args > 0) {
    return { op: 'double', value: -operand.args, at }
  }
  const adjacent = /^-\s*[0-9]/.test(source.slice(...at))
  if (typeof operand.args !== 'bigint' || !adjacent || operand.args > maxInt + 1n) return null
  return { op: 'int', value: String(-operand.args), at }
}

// A raw text ends at the first quote of its kind; the parser lets a backslash hide one.
function lowerText(value: string, text: string, at: At, report: Report): Literal | null {
  const raw = /^[rR]("""|'''|"|')/.exec(text)
  if (raw !== null && value.includes(raw[1] as string)) {
    report(errorAt(at, 'condition_syntax', 'A raw text cannot hold the quote it is written in.'))
    return null
  }
  return { op: 'string', value, at }
}

/** Bytes: characters as UTF-8, `\x` and octal escapes as single bytes. The parser cuts characters to a byte. */
function lowerBytes(text: string, at: At): Literal {
  const quotes = /^.(?:"""|''')/.test(text) ? 3 : 1
  const inside = text.slice(1 + quotes, -quotes)
  const parts = inside.matchAll(/\\(?:[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\s\S]))|[^\\]+/g)
  return { op: 'bytes', value: Buffer.concat([...parts].map(bytesOf)).toString('base64'), at }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

// The parser has seen to it that there are no other escapes.
function bytesOf([whole, hex, octal, escaped]: RegExpExecArray): Buffer {
  if (hex !== undefined) return Buffer.from([Number.parseInt(hex, 16)])
  if (octal !== undefined) return Buffer.from([Number.parseInt(octal, 8)])
  return Buffer.from(escaped === undefined ? whole : (escapes.get(escaped) ?? escaped))
}
