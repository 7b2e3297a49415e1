import type { Expression, Literal } from '../../../schemas/expression.ts'
import { Uint, type Value } from './value.ts'

/** The value that a literal stands for. */
export function literalValue(node: Literal): Value {
  switch (node.op) {
    case 'null':
      return null
    case 'bool':
    case 'string':
      return node.value
    case 'int':
      return BigInt(node.value)
    case 'uint':
      return new Uint(BigInt(node.value))
    case 'double':
      return Number(node.value)
    case 'bytes':
      return Uint8Array.from(Buffer.from(node.value, 'base64'))
  }
}

/** The number that a literal stands for when a double holds it exactly, else null. */
export function exactNumber(node: Expression): number | null {
  if (node.op !== 'int' && node.op !== 'double') return null
  const number = Number(node.value)
  const exact = node.op === 'int' ? Number.isSafeInteger(number) : !Number.isNaN(number)
  return exact ? number : null
}
