/**
 * What is known of a value before there is one. An `object` is a JSON object with known fields, a
 * `record` a variable of the call, of which only fields can be read.
 */
export type Type = { readonly nullable?: true } & (
  | { readonly kind: 'dyn' | 'null' | 'bool' | 'uint' | 'bytes' | 'duration' | 'type' }
  | { readonly kind: 'double' }
  /** With `json`, it arrives as a JSON number. */
  | { readonly kind: 'int' | 'timestamp'; readonly json?: true }
  /** With `values`, one of these. */
  | { readonly kind: 'string'; readonly values?: readonly string[] }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | {
      readonly kind: 'object'
      readonly fields: ReadonlyMap<string, Type>
      /** Whether there may be fields that are not known. */
      readonly open: boolean
    }
  | { readonly kind: 'record'; readonly name: string; readonly fields: ReadonlyMap<string, Type> }
)

export const dyn: Type = { kind: 'dyn' }
export const bool: Type = { kind: 'bool' }
export const text: Type = { kind: 'string' }
export const int: Type = { kind: 'int' }
export const double: Type = { kind: 'double' }

export function list(of: Type): Type {
  return { kind: 'list', of }
}

export function map(key: Type, value: Type): Type {
  return { kind: 'map', key, value }
}

export function nullable(type: Type): Type {
  return type.kind === 'dyn' || type.kind === 'null' ? type : { ...type, nullable: true }
}

const names: Partial<Record<Type['kind'], string>> = {
  double: 'number',
  dyn: 'value of any type',
  object: 'object',
  record: 'record',
}

/** The type in words, for messages. */
export function nameOf(type: Type): string {
  if (type.kind === 'list' && type.of.kind !== 'dyn') return `list of ${nameOf(type.of)}s`
  return names[type.kind] ?? type.kind
}

/** With the article it needs. */
export function aName(type: Type): string {
  const name = nameOf(type)
  return `${/^[aeio]/.test(name) ? 'an' : 'a'} ${name}`
}

/** What is known of a value that has one type or the other. */
export function join(a: Type, b: Type): Type {
  const maybeNull = a.nullable || b.nullable || a.kind === 'null' || b.kind === 'null'
  const joined = a.kind === 'null' ? b : b.kind === 'null' ? a : joinKinds(a, b)
  return maybeNull ? nullable(joined) : joined
}

function joinKinds(a: Type, b: Type): Type {
  switch (a.kind) {
    case 'list':
      return b.kind === 'list' ? list(join(a.of, b.of)) : dyn
    case 'map':
      return b.kind === 'map' ? map(join(a.key, b.key), join(a.value, b.value)) : dyn
    case 'object':
      return b.kind === 'object' ? joinObjects(a, b) : dyn
    case 'string':
      return b.kind === 'string' ? joinTexts(a.values, b.values) : dyn
    case 'int':
      return b.kind === 'int' && b.json === true ? b : same(a, b)
    default:
      return same(a, b)
  }
}

function same(a: Type, b: Type): Type {
  return a.kind === b.kind ? a : dyn
}

type ObjectType = Extract<Type, { kind: 'object' }>

function joinObjects(a: ObjectType, b: ObjectType): Type {
  const fields = new Map(a.fields)
  for (const [name, type] of b.fields) {
    const known = fields.get(name)
    fields.set(name, known === undefined ? type : join(known, type))
  }
  return { kind: 'object', fields, open: a.open || b.open }
}

function joinTexts(a: readonly string[] | undefined, b: readonly string[] | undefined): Type {
  if (a === undefined || b === undefined) return text
  return { kind: 'string', values: [...new Set([...a, ...b])] }
}

/** Whether a value of one type can stand where another is needed; what is not known may. */
export function fits(actual: Type, needed: Type): boolean {
  if (needed.kind === 'dyn') return actual.kind !== 'record'
  if (actual.kind === 'dyn') return true
  if (actual.kind === 'object') return needed.kind === 'map' || needed.kind === 'object'
  if (actual.kind === 'list' && needed.kind === 'list') return fits(actual.of, needed.of)
  return actual.kind === needed.kind
}

const numbers: ReadonlySet<string> = new Set(['int', 'uint', 'double'])

export function isNumber({ kind }: Type): boolean {
  return numbers.has(kind)
}

/** Whether values of the two types can ever be equal. */
export function comparable(a: Type, b: Type): boolean {
  if (a.kind === 'null' || b.kind === 'null') return true
  if (isNumber(a) && isNumber(b)) return true
  return fits(a, b) || fits(b, a)
}
