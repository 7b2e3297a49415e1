import type { JsonObject } from '../mcp/rpc.ts'

/** What a client sent, as long as it may be sent on: streams are long, and nothing is sent again once one has begun. */
export class Content {
  #sent: { readonly bytes: Buffer; readonly body: JsonObject } | null
  readonly #onGone: () => void

  /** `onGone` is called once, when it is let go. */
  constructor(bytes: Buffer, body: JsonObject, onGone: () => void) {
    this.#sent = { bytes, body }
    this.#onGone = onGone
  }

  /** As it came. Throws once it has been let go. */
  get bytes(): Buffer {
    return this.#held.bytes
  }

  /** What it says. Throws once it has been let go. */
  get body(): JsonObject {
    return this.#held.body
  }

  /** Gives the memory back. */
  letGo(): void {
    if (this.#sent === null) return
    this.#sent = null
    this.#onGone()
  }

  get #held() {
    if (this.#sent === null) throw new TypeError('the request is read after its answer has begun')
    return this.#sent
  }
}
