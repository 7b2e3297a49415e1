import { matchesGlob } from '../../policy/decide/glob.ts'
import type { LoadedTable } from '../../policy/decide/load.ts'
import type { TableModel, TableProvider } from '../../schemas/rule-table.ts'

/** A provider that offers the model asked for. */
export interface Candidate {
  readonly provider: TableProvider
  readonly model: TableModel
  /** Name that rules, prices and budgets go by: that of the entry, or the one asked for where the entry is a glob. */
  readonly name: string
  /** Name at the provider. */
  readonly upstream: string
}

/** Marks a larger context window, which is asked for by a header and priced as the model itself. */
const marker = /\[\d{1,4}[km]\]$/i

/** A name that goes on as it is must not be one that only looks like another. */
const plain = /^[\x21-\x7e]+$/

/** The models of providers by every name that somebody may ask for. */
export class Catalogue {
  readonly #named = new Map<string, Candidate[]>()
  readonly #globs: { readonly provider: TableProvider; readonly model: TableModel }[] = []

  constructor(providers: readonly TableProvider[]) {
    for (const provider of providers) this.#addAll(provider)
    for (const candidates of this.#named.values()) candidates.sort(byOrder)
  }

  /** Every name and alias that can be listed. */
  get names(): readonly string[] {
    return [...this.#named.keys()].filter(name => !name.includes('\n'))
  }

  /**
   * The providers that offer a model under the name, alias, or `provider/name` asked for, in the order in which they are
   * to be asked; none when nobody does.
   */
  candidates(asked: string): readonly Candidate[] {
    return asked.includes('\n') ? [] : this.#find(asked.replace(marker, ''))
  }

  #addAll(provider: TableProvider): void {
    const [globs, plain] = [true, false].map(glob =>
      provider.models.filter(({ name }) => name.includes('*') === glob),
    )
    for (const model of plain ?? []) this.#add(provider, model, model.name)
    for (const model of plain ?? [])
      for (const alias of model.aliases) this.#add(provider, model, alias)
    for (const model of globs ?? []) this.#globs.push({ provider, model })
  }

  #find(asked: string): readonly Candidate[] {
    const exact = this.#named.get(asked) ?? []
    const slash = asked.indexOf('/')
    const provider = slash === -1 ? '' : asked.slice(0, slash)
    if (exact.length === 0 && provider !== '') {
      const rest = asked.slice(slash + 1)
      const ofOne = this.#named.get(`${provider}\n${rest}`) ?? []
      const prefixed = [...ofOne, ...this.#matching(rest, ofOne, provider)]
      if (prefixed.length > 0) return prefixed.sort(byOrder)
    }
    return [...exact, ...this.#matching(asked, exact)].sort(byOrder)
  }

  #matching(asked: string, known: readonly Candidate[], only?: string): Candidate[] {
    const found: Candidate[] = []
    if (!plain.test(asked)) return found
    for (const { provider, model } of this.#globs) {
      if (only !== undefined && provider.name !== only) continue
      if (!matchesGlob(model.name, asked)) continue
      if ([...known, ...found].some(other => other.provider === provider)) continue
      found.push({ provider, model, name: asked, upstream: asked })
    }
    return found
  }

  /** A line feed stands in no name that can be asked for, so it sets apart what only one provider is meant by. */
  #add(provider: TableProvider, model: TableModel, called: string): void {
    const candidate = { provider, model, name: model.name, upstream: model.upstream ?? model.name }
    for (const key of [called, `${provider.name}\n${called}`]) {
      const known = this.#named.get(key) ?? []
      if (known.some(other => other.provider === provider)) continue
      this.#named.set(key, [...known, candidate])
    }
  }
}

function byOrder(a: Candidate, b: Candidate): number {
  const globs = Number(a.model.name.includes('*')) - Number(b.model.name.includes('*'))
  return a.model.order - b.model.order || globs || (a.provider.name < b.provider.name ? -1 : 1)
}

/** The catalogue of each table that is in use. */
export class Catalogues {
  readonly #known = new WeakMap<LoadedTable, Catalogue>()

  of(table: LoadedTable): Catalogue {
    const known = this.#known.get(table)
    if (known !== undefined) return known
    const catalogue = new Catalogue(table.table.providers)
    this.#known.set(table, catalogue)
    return catalogue
  }
}
