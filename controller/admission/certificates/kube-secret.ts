import { failedWith } from '../../kubernetes/failure.ts'
import type { Kube } from '../../kubernetes/kube.ts'
import type { SharedSecret } from './kept-certificates.ts'

const secrets = { group: '', version: 'v1', plural: 'secrets' }

/** A Secret of the API server; what it holds is text. */
export function kubeSecret(
  kube: Pick<Kube, 'get' | 'create' | 'replace'>,
  address: { readonly namespace: string; readonly name: string },
): SharedSecret {
  return {
    async read() {
      const found = await kube.get(secrets, address)
      if (found === null) return null
      const { data = {} } = found as { readonly data?: Record<string, string> }
      const texts = Object.entries(data).map(([field, value]) => [field, decoded(value)])
      return { fields: Object.fromEntries(texts), version: found.metadata.resourceVersion }
    },
    async write(fields, version) {
      const object = secretObject(fields, address, version)
      const { namespace } = address
      try {
        if (version === null) await kube.create(secrets, { namespace }, object)
        else await kube.replace(secrets, address, object)
        return true
      } catch (error) {
        if (failedWith(error, 'conflict', 'already_exists', 'not_found')) return false
        throw error
      }
    },
  }
}

function secretObject(fields: object, address: object, version: string | null): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { ...address, ...(version !== null && { resourceVersion: version }) },
    stringData: fields,
    data: {},
  }
}

function decoded(value: string): string {
  return Buffer.from(value, 'base64').toString('utf8')
}
