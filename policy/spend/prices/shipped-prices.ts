import type { PriceCatalogue } from '../../../schemas/price-catalogue.ts'
import catalogue from './catalogue.json' with { type: 'json' }

/** The catalogue that comes with this version of Writ. */
export const shippedPrices: PriceCatalogue = catalogue as PriceCatalogue
