import type { Secrets } from '../../channels/secrets.ts'
import { failedWith, KubeFailure } from '../failure.ts'
import type { Kube } from '../kube.ts'
import type { KubeResource } from '../kube-object.ts'

const resource: KubeResource = { group: '', version: 'v1', plural: 'secrets' }

/**
 * Credentials in Secrets of the namespace, read anew every time. Fails with a KubeFailure that names the
 * Secret when it may not be read, or is not there.
 */
export function namespaceSecrets(kube: Pick<Kube, 'get'>): Secrets {
  return async (namespace, { name, key }) => {
    const secret = await kube.get(resource, { namespace, name }).catch(error => {
      if (failedWith(error, 'forbidden')) throw missing('may not be read by the controller', name)
      throw error
    })
    const { data = {} } = Object(secret)
    const text: unknown = Object.hasOwn(data, key) ? data[key] : undefined
    if (typeof text !== 'string') throw missing(`has no key ${key}, or is not there`, name)
    return Buffer.from(text, 'base64').toString('utf8')
  }
}

function missing(why: string, name: string): KubeFailure {
  return new KubeFailure('not_found', `The Secret ${name} ${why}.`)
}
