import { Untranslatable } from './untranslatable.ts'

/** A place in a request body: the value and the path to it. Every reading of a wrong shape throws Untranslatable. */
export class Member {
  readonly value: unknown
  readonly path: string

  constructor(value: unknown, path: string) {
    this.value = value
    this.path = path
  }

  /** Absent and null are the same. */
  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  /** The member of that name; absent when this is no object. */
  at(name: string): Member {
    const value = isRecord(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : null
    return new Member(value, this.path === '' ? name : `${this.path}.${name}`)
  }

  get names(): string[] {
    return Object.keys(this.record())
  }

  record(): Readonly<Record<string, unknown>> {
    return isRecord(this.value) ? this.value : this.refuse('must be an object')
  }

  /** The elements; none when absent. */
  items(): Member[] {
    if (this.absent) return []
    if (!Array.isArray(this.value)) return this.refuse('must be a list')
    return this.value.map((value, index) => new Member(value, `${this.path}[${index}]`))
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('must be a string')
  }

  number(): number {
    return typeof this.value === 'number' ? this.value : this.refuse('must be a number')
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse('must be true or false')
  }

  /** What `read` makes of it, or undefined when absent. */
  maybe<T>(read: (member: Member) => T): T | undefined {
    return this.absent ? undefined : read(this)
  }

  /** The type of the object, and the object with its path. */
  get type(): string {
    return this.at('type').text()
  }

  refuse(why: string): never {
    throw new Untranslatable(this.path === '' ? 'body' : this.path, why)
  }

  /** For what the other dialect has no word. */
  refuseUntold(): never {
    const short = typeof this.value === 'string' && this.value.length <= 60
    const what = short ? `${JSON.stringify(this.value)} ` : ''
    return this.refuse(`${what}cannot be translated for the provider of this model`)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
