import type { ModelProviderSpec } from '../../../schemas/model-provider.ts'
import type { CatalogueModel, PriceCatalogue } from '../../../schemas/price-catalogue.ts'
import type { TableModel, TablePrice } from '../../../schemas/rule-table.ts'
import { microUsd } from '../../spend/money.ts'
import { catalogueNames, cataloguePrice } from '../../spend/prices/catalogue-price.ts'

/**
 * The models of a provider as the table holds them. What it does not say of a model is taken from the
 * catalogue; a glob without a price is followed by the models of the catalogue that it matches, so that
 * these have theirs.
 */
export function buildModels(
  { baseUrl, models = [] }: ModelProviderSpec,
  catalogue: PriceCatalogue,
): readonly TableModel[] {
  const named = new Set(models.flatMap(({ name, aliases = [] }) => [name, ...aliases]))
  const known = (name: string) => cataloguePrice(catalogue, baseUrl, name)
  return models.flatMap(model => {
    const { name, upstream = name, order, price } = model
    if (!name.includes('*')) return [modelOf(model, known(upstream))]
    const brought = price === undefined ? catalogueNames(catalogue, baseUrl, name) : []
    const others = brought.filter(name => !named.has(name))
    for (const name of others) named.add(name)
    return [
      modelOf(model, null),
      ...others.map(name => modelOf({ name, ...(order !== undefined && { order }) }, known(name))),
    ]
  })
}

type ProvidedModel = NonNullable<ModelProviderSpec['models']>[number]

function modelOf(model: ProvidedModel, known: CatalogueModel | null): TableModel {
  const { name, upstream = name, aliases = [], order = 1, price } = model
  const { maxOutputTokens = known?.maxOutputTokens } = model
  return {
    name,
    ...(!name.includes('*') && { upstream }),
    aliases: [...aliases].sort(),
    order,
    ...(price === undefined ? catalogued(known) : { price: priceOf(price), priceFrom: 'provider' }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

function catalogued(known: CatalogueModel | null): Pick<TableModel, 'price' | 'priceFrom'> {
  if (known === null) return {}
  const { maxOutputTokens: _, ...price } = known
  return { price, priceFrom: 'catalogue' }
}

/** A price in whole micro-USD. */
export function priceOf(
  price: Readonly<Partial<Record<keyof TablePrice, string>>> & { input: string; output: string },
): TablePrice {
  const { input, output, cacheRead, cacheWrite, request } = price
  return {
    input: microUsd(input),
    output: microUsd(output),
    ...(cacheRead !== undefined && { cacheRead: microUsd(cacheRead) }),
    ...(cacheWrite !== undefined && { cacheWrite: microUsd(cacheWrite) }),
    ...(request !== undefined && { request: microUsd(request) }),
  }
}
