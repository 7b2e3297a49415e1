import { list, malformed, oneOf, record, text, texts } from './shape.ts'

/**
 * Makes sure that a value is an expression whose every node this version can evaluate; throws a
 * TypeError where it is not, so that a table from a newer compiler is refused whole.
 */
export function expressionShape(value: unknown): void {
  const node = record(value, 'expression')
  const at = list(node.at, 'expression.at')
  if (at.length !== 2 || !at.every(Number.isSafeInteger)) throw malformed('expression.at')
  const parts = partsOf.get(String(node.op))
  if (parts === undefined) throw malformed('expression.op')
  for (const part of parts(node)) expressionShape(part)
}

type Parts = (node: Readonly<Record<string, unknown>>) => readonly unknown[]

const literal: Parts = () => []

const number: Parts = ({ value }) => {
  if (!/^-?\d{1,20}$/.test(String(value))) throw malformed('expression.value')
  return []
}

const words: Parts = ({ value }) => {
  text(value, 'expression.value')
  return []
}

const comprehension: Parts = ({ variable, over, each, where }) => {
  text(variable, 'expression.variable')
  return where === undefined ? [over, each] : [over, each, where]
}

function reading(as: unknown): void {
  oneOf([undefined, 'int', 'timestamp'], as, 'expression.as')
}

/** Checks what a node says itself, and gives the nodes below it. */
const partsOf: ReadonlyMap<string, Parts> = new Map(
  Object.entries({
    null: literal,
    bool: ({ value }) => {
      oneOf([true, false], value, 'expression.value')
      return []
    },
    int: number,
    uint: number,
    double: ({ value }) => {
      const named = ['NaN', 'Infinity', '-Infinity'].includes(String(value))
      if (typeof value !== 'number' && !named) throw malformed('expression.value')
      return []
    },
    string: words,
    bytes: words,
    ident: ({ name, as }) => {
      text(name, 'expression.name')
      reading(as)
      return []
    },
    select: ({ of, field, as }) => {
      text(field, 'expression.field')
      reading(as)
      return [of]
    },
    index: ({ of, key, as }) => {
      reading(as)
      return [of, key]
    },
    call: ({ fn, args }) => {
      text(fn, 'expression.fn')
      return list(args, 'expression.args')
    },
    list: ({ items }) => list(items, 'expression.items'),
    map: ({ entries }) =>
      list(entries, 'expression.entries').flatMap(entry => list(entry, 'expression.entry')),
    all: comprehension,
    exists: comprehension,
    exists_one: comprehension,
    map_items: comprehension,
    filter: comprehension,
    simple: ({ path, test, value }) => {
      texts(path, 'expression.path')
      oneOf(['==', '!=', '<', '<=', '>', '>=', 'contains', 'matches'], test, 'expression.test')
      if (typeof value === 'object' && value !== null) throw malformed('expression.value')
      return []
    },
  } satisfies Record<string, Parts>),
)
