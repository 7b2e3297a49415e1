import type { Member } from './member.ts'

/** What becomes of each member of a body. A member that is in none of the lists is refused. */
export interface Fields {
  /** Translated. */
  readonly read: readonly string[]
  /** Left out: hints and labels that do not change what is answered. */
  readonly dropped: readonly string[]
  /** Left out as long as the value asks for nothing; refused otherwise. */
  readonly neutral: Readonly<Record<string, (value: unknown) => boolean>>
}

/** Refuses the first member that can neither be translated nor left out. */
export function checkFields(body: Member, fields: Fields): void {
  for (const name of body.names) {
    const member = body.at(name)
    if (member.absent || fields.read.includes(name) || fields.dropped.includes(name)) continue
    const neutral = Object.hasOwn(fields.neutral, name) ? fields.neutral[name] : undefined
    if (neutral?.(member.value) !== true) member.refuseUntold()
  }
}

/** For `neutral`: the value is one of these. */
export function is(...values: readonly unknown[]): (value: unknown) => boolean {
  return value => values.includes(value)
}

/** For `neutral`: an empty list or object. */
export function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
