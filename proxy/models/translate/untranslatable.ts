/** A request holds something that the other dialect cannot say. Nothing was sent. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable'
  /** Path of the member, such as `tools[0].type`. */
  readonly field: string

  constructor(field: string, why: string) {
    super(`${field}: ${why}`)
    this.field = field
  }
}
