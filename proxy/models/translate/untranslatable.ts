/** Names of members are the client's own and may be of any length. */
const longestField = 200

/** A request holds something that the other dialect cannot say. Nothing was sent. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable'
  /** Path of the member, such as `tools[0].type`, cut at 200 characters. */
  readonly field: string

  constructor(field: string, why: string) {
    const shown = field.slice(0, longestField)
    super(`${shown}: ${why}`)
    this.field = shown
  }
}
