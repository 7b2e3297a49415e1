import type { ModelProviderSpec } from '../../../schemas/model-provider.ts'
import type { TableModel, TablePrice, TableProvider } from '../../../schemas/rule-table.ts'
import { microUsd } from '../../spend/money.ts'
import { milliseconds } from '../milliseconds.ts'
import type { Resource } from '../resource.ts'
import type { Files } from './table-files.ts'

/** A provider as the table holds it. */
export function buildProvider(
  { name, spec, origin }: Resource<'ModelProvider'>,
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
    models: (spec.models ?? []).map(modelOf),
    at: at(origin, []),
  }
}

type ProvidedModel = NonNullable<ModelProviderSpec['models']>[number]

function modelOf({
  name,
  upstream,
  aliases = [],
  order = 1,
  price,
  ...more
}: ProvidedModel): TableModel {
  const named = name.includes('*') ? {} : { upstream: upstream ?? name }
  const priced =
    price === undefined ? {} : { price: priceOf(price), priceFrom: 'provider' as const }
  return { name, ...named, aliases: [...aliases].sort(), order, ...priced, ...more }
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
