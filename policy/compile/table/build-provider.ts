import type { PriceCatalogue } from '../../../schemas/price-catalogue.ts'
import type { TableProvider } from '../../../schemas/rule-table.ts'
import { milliseconds } from '../milliseconds.ts'
import type { Resource } from '../resource.ts'
import { buildModels } from './build-models.ts'
import type { Files } from './table-files.ts'

/** A provider as the table holds it. */
export function buildProvider(
  { name, spec, origin }: Resource<'ModelProvider'>,
  prices: PriceCatalogue,
  at: Files['at'],
): TableProvider {
  const { protocol, baseUrl, secretRef, headers, responses = 'native', timeout = '10m' } = spec
  return {
    name,
    protocol,
    ...(baseUrl !== undefined && { baseUrl: baseUrl.replace(/\/+$/, '') }),
    ...(secretRef !== undefined && { secretRef }),
    ...(headers !== undefined && { headers }),
    responses,
    timeoutMs: milliseconds(timeout),
    models: buildModels(spec, prices),
    at: at(origin, []),
  }
}
