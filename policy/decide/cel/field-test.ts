import type { Value } from './value.ts'

/** Whether the value of a field passes; null when only a full evaluation can say. */
export type FieldTest<L> = (value: Value | typeof absent, literal: L) => boolean | null

/** Stands where there is no such field. */
export const absent = Symbol('absent')

/** `has(field)` */
export const isThere: FieldTest<null> = value => value !== absent

/** `field` */
export const isTrue: FieldTest<null> = value => (typeof value === 'boolean' ? value : null)

/** `field == number` and the like. */
export const numberTests: ReadonlyMap<string, FieldTest<number>> = new Map([
  ['_==_', (value, literal) => (typeof value === 'number' ? value === literal : null)],
  ['_!=_', (value, literal) => (typeof value === 'number' ? value !== literal : null)],
  ['_<_', (value, literal) => (typeof value === 'number' ? value < literal : null)],
  ['_<=_', (value, literal) => (typeof value === 'number' ? value <= literal : null)],
  ['_>_', (value, literal) => (typeof value === 'number' ? value > literal : null)],
  ['_>=_', (value, literal) => (typeof value === 'number' ? value >= literal : null)],
] satisfies [string, FieldTest<number>][])

/** `field == bool` and the like. */
export const boolTests: ReadonlyMap<string, FieldTest<boolean>> = new Map([
  ['_==_', (value, literal) => (typeof value === 'boolean' ? value === literal : null)],
  ['_!=_', (value, literal) => (typeof value === 'boolean' ? value !== literal : null)],
] satisfies [string, FieldTest<boolean>][])

/** The longest text that is searched without counting steps. */
const short = 4096

/** `field == text`, `field.contains(text)` and the like. */
export const textTests: ReadonlyMap<string, FieldTest<string>> = new Map([
  ['_==_', (value, literal) => (typeof value === 'string' ? value === literal : null)],
  ['_!=_', (value, literal) => (typeof value === 'string' ? value !== literal : null)],
  [
    '.startsWith',
    (value, literal) => (typeof value === 'string' ? value.startsWith(literal) : null),
  ],
  ['.endsWith', (value, literal) => (typeof value === 'string' ? value.endsWith(literal) : null)],
  ['.contains', (value, literal) => (isShort(value) ? value.includes(literal) : null)],
] satisfies [string, FieldTest<string>][])

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= short
}

/** `field in [texts]` */
export const isOneOfTexts: FieldTest<readonly string[]> = (value, literals) =>
  typeof value === 'string' ? literals.includes(value) : null

/** `field in [numbers]` */
export const isOneOfNumbers: FieldTest<readonly number[]> = (value, literals) =>
  typeof value === 'number' ? literals.includes(value) : null
