/** Takes certain secrets out of a text that others wrote. */
export type Withhold = (text: string) => string

const mask = '[redacted]'

/** What is shorter is found by chance in texts that hold no secret. */
const shortest = 8

/**
 * Puts a mask where one of the secrets stands, as it is or as JSON, URLs and Base64 write it. An upstream that fails may
 * say what it was sent; an agent must not learn a credential by that.
 */
export function withholding(secrets: Iterable<string | null>): Withhold {
  const forms = [...secrets]
    .flatMap(secret => (secret === null || secret.length < shortest ? [] : formsOf(secret)))
    .sort((a, b) => b.length - a.length)
  if (forms.length === 0) return text => text
  return text => {
    let shown = text
    for (const form of forms) if (shown.includes(form)) shown = shown.replaceAll(form, mask)
    return shown
  }
}

/** As many as one upstream is given while it is connected. */
const mostGiven = 32

/** Secrets as they are given to one upstream, to be taken out of what it says; the oldest are forgotten. */
export class GivenSecrets {
  readonly #secrets = new Set<string>()
  #withhold: Withhold = text => text

  readonly withhold: Withhold = text => this.#withhold(text)

  add(text: string): void {
    const secret = text.trim()
    if (this.#secrets.has(secret)) return
    this.#secrets.add(secret)
    const [oldest] = this.#secrets
    if (this.#secrets.size > mostGiven && oldest !== undefined) this.#secrets.delete(oldest)
    this.#withhold = withholding(this.#secrets)
  }
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
    ]),
  ]
}
