/** A value that turned out to be an object. */
export type Fields = Readonly<Record<string, unknown>>

/** The keys of a type whose values are not known yet. */
export type Shape<T> = { readonly [K in keyof T]?: unknown }

/** Checks each object of a list. */
export function each(value: unknown, what: string, check: (item: Fields) => void): void {
  for (const item of list(value, what)) check(record(item, what))
}

/** Makes sure that a value is a list of texts. */
export function texts(value: unknown, what: string): void {
  for (const item of list(value, what)) text(item, what)
}

/** Makes sure that a value is text. */
export function text(value: unknown, what: string): void {
  if (typeof value !== 'string') throw malformed(what)
}

/** Makes sure that a value is text or not there. */
export function optionalText(value: unknown, what: string): void {
  if (value !== undefined) text(value, what)
}

/** Makes sure that a value is one of the given. */
export function oneOf(words: readonly unknown[], value: unknown, what: string): void {
  if (!words.includes(value)) throw malformed(what)
}

/** The value as a list. */
export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what)
  return value
}

/** The value as an object. */
export function record(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(what)
  return value as Fields
}

/** What is thrown where a table has another shape than it must. */
export function malformed(what: string): TypeError {
  return new TypeError(`malformed rule table: ${what}`)
}
