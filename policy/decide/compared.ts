/** Goes through two lists by name: what came, what went, and what is not as it was, places aside. */
export function compared<T extends { readonly name: string }, Change>(
  before: readonly T[],
  after: readonly T[],
  came: (item: T) => Change,
  went: (item: T) => Change,
  differs: (before: T, after: T) => readonly Change[],
): readonly Change[] {
  const old = new Map(before.map(item => [item.name, item]))
  const kept = new Set(after.map(item => item.name))
  return [
    ...before.filter(item => !kept.has(item.name)).map(went),
    ...after.flatMap(item => {
      const was = old.get(item.name)
      if (was === undefined) return [came(item)]
      return written(was) === written(item) ? [] : differs(was, item)
    }),
  ]
}

/** Text that is equal for things that say the same, wherever they were written. */
export function written(value: unknown): string {
  return JSON.stringify(value, (key, part) => (key === 'at' ? undefined : part))
}

/** Something with the name it is found by; equal names are told apart by their order. */
export interface Numbered<T> {
  readonly name: string
  readonly item: T
}

export function numbered<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
): readonly Numbered<T>[] {
  const seen = new Map<string, number>()
  return items.map(item => {
    const name = nameOf(item)
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return { name: count === 1 ? name : `${name} (${count})`, item }
  })
}

/** Whether what is in both lists comes in another order. */
export function reordered<T>(
  before: readonly Numbered<T>[],
  after: readonly Numbered<T>[],
): boolean {
  const order = (these: readonly Numbered<T>[], those: readonly Numbered<T>[]) => {
    const names = new Set(those.map(({ name }) => name))
    return these.map(({ name }) => name).filter(name => names.has(name))
  }
  return written(order(before, after)) !== written(order(after, before))
}
