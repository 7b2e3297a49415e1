/** Thrown by parts of a call that nobody knows any more; `why` says the reason in a word. */
export class Unknown extends Error {
  override readonly name = 'Unknown'
  readonly why: string

  constructor(why: string) {
    super(`a part of the call is not known: ${why}`)
    this.why = why
  }
}

/** Is told which unknown part of a call was read first. */
export interface Reader {
  met: Unknown | null
}

/** Stands for the value of a part that is not known: tells the reader and throws `Unknown`. */
export function unread(reader: Reader, why: string): never {
  const unknown = new Unknown(why)
  reader.met ??= unknown
  throw unknown
}

/** Puts something unknown where a part of a call is. */
export function hide(holder: object, name: string | number, why: string, reader: Reader): void {
  const get = () => unread(reader, why)
  Object.defineProperty(holder, name, { configurable: true, enumerable: true, get })
}
