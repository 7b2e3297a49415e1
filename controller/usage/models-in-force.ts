import type { RuleTable, TableModel, TableProvider } from '../../schemas/rule-table.ts'

/** A model as agents may ask for it, with everybody who offers it, in the order in which they are asked. */
export interface OfferedModel {
  readonly namespace: string
  /** A name, or a glob. */
  readonly name: string
  readonly aliases: readonly string[]
  readonly providers: readonly ModelOffer[]
}

/** What one provider offers. */
export interface ModelOffer
  extends Pick<TableModel, 'upstream' | 'order' | 'price' | 'priceFrom' | 'maxOutputTokens'> {
  readonly provider: string
  readonly protocol: TableProvider['protocol']
}

/** The models of a table, by name. */
export function modelsIn({ namespace, providers }: RuleTable): readonly OfferedModel[] {
  const offers = providers.flatMap(provider => provider.models.map(model => ({ provider, model })))
  const byName = Map.groupBy(offers, ({ model }) => model.name)
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, offered]) => ({
      namespace,
      name,
      aliases: [...new Set(offered.flatMap(({ model }) => model.aliases))].sort(),
      providers: offered.map(offerOf).sort(asAsked),
    }))
}

function offerOf({ provider, model }: { provider: TableProvider; model: TableModel }): ModelOffer {
  const { upstream, order, price, priceFrom, maxOutputTokens } = model
  return {
    provider: provider.name,
    protocol: provider.protocol,
    ...(upstream !== undefined && { upstream }),
    order,
    ...(price !== undefined && { price }),
    ...(priceFrom !== undefined && { priceFrom }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

function asAsked(a: ModelOffer, b: ModelOffer): number {
  return a.order - b.order || (a.provider < b.provider ? -1 : 1)
}
