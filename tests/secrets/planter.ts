import { plantedSecrets } from '../records/redact/planted-secrets.ts'
import { Search } from './look-for.ts'

/** Plants secrets of every kind in one place after another, and knows where each was. */
export class Planter {
  readonly search = new Search()
  count = 0

  /** As texts, each of one secret. */
  texts(place: string, fit: (text: string) => boolean = () => true): readonly string[] {
    const planted = plantedSecrets().filter(({ text }) => fit(text))
    for (const { kind, secret } of planted) this.search.add({ name: `${place}, ${kind}`, secret })
    this.count += planted.length
    return planted.map(({ text }) => text)
  }

  /** As one text for all of them, on lines. */
  text(place: string): string {
    return this.texts(place).join('\n')
  }

  /** As texts of at most so many characters. */
  pieces(place: string, most: number): readonly string[] {
    const pieces: string[] = []
    for (const text of this.texts(place, text => text.length < most)) {
      const last = pieces.at(-1)
      if (last !== undefined && last.length + text.length < most) {
        pieces.splice(-1, 1, `${last}\n${text}`)
      } else pieces.push(text)
    }
    return pieces
  }
}
