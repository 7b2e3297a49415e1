import type { Directory } from '../../schemas/directory.ts'
import { homeOf } from '../channels/channel.ts'

/** A model at a provider. */
export interface Judge {
  /** Name under which the namespace knows the provider. */
  readonly provider: string
  /** Where the provider is written, and where its secret is kept. */
  readonly namespace: string
  /** Name of the model at the provider. */
  readonly model: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly secretRef: { readonly name: string; readonly key: string } | null
}

/** The first provider that offers the model by the API that judges are asked by; null when none does. */
export function findJudge(directory: Directory, model: string): Judge | null {
  for (const { name, spec } of directory.providers) {
    const offered = spec.models?.find(
      known => known.name === model || known.aliases?.includes(model),
    )
    const url = URL.parse(`${spec.baseUrl?.replace(/\/+$/, '')}/chat/completions`)
    if (spec.protocol !== 'openai' || offered === undefined || url === null) continue
    return {
      provider: name,
      namespace: homeOf(directory.namespace, name).namespace,
      model: offered.upstream ?? offered.name,
      url,
      headers: spec.headers ?? {},
      secretRef: spec.secretRef ?? null,
    }
  }
  return null
}
