import { apiVersion } from '../../../schemas/resource.ts'
import { failedWith, KubeFailure } from '../failure.ts'
import type { Kube } from '../kube.ts'
import type { KubeResource } from '../kube-object.ts'
import type { NamespaceReconcilerNeeds } from './namespace-reconciler.ts'

const group = apiVersion.split('/')[0]
const namespaces: KubeResource = { group: '', version: 'v1', plural: 'namespaces' }
const definitions: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
}

/** Asks the API server; what it does not let this controller see is taken to stay. */
export function staying(kube: Pick<Kube, 'get'>): NamespaceReconcilerNeeds['isStaying'] {
  const stays = async (resource: KubeResource, name: string): Promise<boolean> => {
    try {
      const object = await kube.get(resource, { name })
      return object !== null && object.metadata.deletionTimestamp === undefined
    } catch (error) {
      if (failedWith(error, 'forbidden')) return true
      throw error
    }
  }
  return async (namespace, gonePlurals) => {
    for (const plural of gonePlurals) {
      if (await stays(definitions, `${plural}.${group}`)) continue
      throw new KubeFailure('gone', `${plural} are not served: what is in force stays in force`)
    }
    return stays(namespaces, namespace)
  }
}
