/** Letters in a row by which a secret is known again. */
const width = 12

/** A secret that is looked for, and where it was planted. */
export interface Wanted {
  readonly name: string
  readonly secret: string
}

/** By parts of secrets, in every spelling; a text is then looked through once for all of them. */
export class Search {
  readonly #known = new Map<string, Wanted>()

  add(wanted: Wanted): void {
    for (const spelt of spellings(wanted.secret)) {
      // What a kind begins with is the same in all of it.
      for (const third of [1, 2, 3]) {
        const at = Math.floor(((spelt.length - width) * third) / 3)
        const part = at < 0 ? '' : spelt.slice(at, at + width)
        if (part.length === width && new Set(part).size > 5) this.#known.set(part, wanted)
      }
    }
  }

  /** What was found, with the words before it. */
  in(text: string): readonly string[] {
    const found: string[] = []
    for (let at = 0; at + width <= text.length; at += 1) {
      const wanted = this.#known.get(text.slice(at, at + width))
      if (wanted === undefined) continue
      const before = text.slice(Math.max(0, at - 100), at).replaceAll(/\s+/g, ' ')
      found.push(`${wanted.name}: ${before}`)
      at += 1000
    }
    return found
  }
}

/** As it is, as JSON and URLs write it, and as Base64 wherever it may begin in what is encoded. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].flatMap(skipped => {
    const whole = bytes.subarray(skipped, bytes.length - ((bytes.length - skipped) % 3))
    return [whole.toString('base64'), whole.toString('base64url')]
  })
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      ...encoded,
    ]),
  ]
}
