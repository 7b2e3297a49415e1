import type { CatalogueModel, PriceCatalogue } from '../../../schemas/price-catalogue.ts'
import { matchesGlob } from '../../decide/glob.ts'
import { spellings } from './spellings.ts'

/**
 * What a catalogue says of a model at an address, or null. The vendor whose host it is speaks alone; at any
 * other host, and without one, those whose names mean the same elsewhere, and of two the dearer.
 */
export function cataloguePrice(
  catalogue: PriceCatalogue,
  baseUrl: string | undefined,
  name: string,
): CatalogueModel | null {
  const vendors = vendorsAt(catalogue, baseUrl)
  for (const spelling of spellings(name)) {
    const known = vendors.flatMap(({ models }) =>
      Object.hasOwn(models, spelling) ? [models[spelling] as CatalogueModel] : [],
    )
    const [dearest] = known.sort((a, b) => b.input + b.output - a.input - a.output)
    if (dearest !== undefined) return dearest
  }
  return null
}

/** The models of a catalogue at an address that a glob matches, sorted. */
export function catalogueNames(
  catalogue: PriceCatalogue,
  baseUrl: string | undefined,
  glob: string,
): readonly string[] {
  const names = vendorsAt(catalogue, baseUrl).flatMap(({ models }) => Object.keys(models))
  return [...new Set(names.filter(name => matchesGlob(glob, name)))].sort()
}

function vendorsAt({ vendors }: PriceCatalogue, baseUrl: string | undefined) {
  const host = URL.parse(baseUrl ?? '')?.hostname ?? ''
  const own = vendors.filter(({ hosts }) => hosts.includes(host))
  return own.length > 0 ? own : vendors.filter(({ elsewhere }) => elsewhere)
}
