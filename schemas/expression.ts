/**
 * A condition after parsing and checking: what the compiler writes into the rule table and the
 * proxy turns into closures. Plain JSON. `at` is the half-open range of characters in the source.
 */
export type Expression =
  | Literal
  | Identifier
  | Select
  | Index
  | CallExpression
  | ListExpression
  | MapExpression
  | Comprehension
  | SimpleCondition

interface Node {
  readonly at: readonly [start: number, end: number]
}

/** A constant. Integers travel as decimal text, since JSON cannot hold 64 bits; bytes as base64. */
export type Literal = Node &
  (
    | { readonly op: 'null' }
    | { readonly op: 'bool'; readonly value: boolean }
    | { readonly op: 'int' | 'uint'; readonly value: string }
    | { readonly op: 'double'; readonly value: number | 'NaN' | 'Infinity' | '-Infinity' }
    | { readonly op: 'string'; readonly value: string }
    | { readonly op: 'bytes'; readonly value: string }
  )

/** What a JSON number stands for where the schema says more than that it is a number. */
export type NumberAs = 'int' | 'timestamp'

/** A variable of the call, of a comprehension, or the name of a type. */
export interface Identifier extends Node {
  readonly op: 'ident'
  readonly name: string
  readonly as?: NumberAs
}

/** `of.field`, or whether it is there when `test` is set (the macro `has`). */
export interface Select extends Node {
  readonly op: 'select'
  readonly of: Expression
  readonly field: string
  readonly test?: true
  readonly as?: NumberAs
}

/** `of[key]`. */
export interface Index extends Node {
  readonly op: 'index'
  readonly of: Expression
  readonly key: Expression
  readonly as?: NumberAs
}

/** An operator or a function of the language; `fn` uses the names of the CEL specification (`_&&_`, `size`, …). */
export interface CallExpression extends Node {
  readonly op: 'call'
  readonly fn: string
  /** True when the first argument stood before the dot. */
  readonly method?: true
  readonly args: readonly Expression[]
}

export interface ListExpression extends Node {
  readonly op: 'list'
  readonly items: readonly Expression[]
}

export interface MapExpression extends Node {
  readonly op: 'map'
  readonly entries: readonly (readonly [key: Expression, value: Expression])[]
}

/** A macro over the items of a list or the keys of a map. */
export interface Comprehension extends Node {
  readonly op: 'all' | 'exists' | 'exists_one' | 'map_items' | 'filter'
  readonly variable: string
  readonly over: Expression
  /** The predicate; for `map_items`, what each item becomes. */
  readonly each: Expression
  /** For `map_items` with a filter. */
  readonly where?: Expression
}

/** A condition of the portable format's `simple` language, with its coercions. */
export interface SimpleCondition extends Node {
  readonly op: 'simple'
  readonly path: readonly string[]
  readonly test: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'matches'
  readonly value: string | number | boolean | null
}
