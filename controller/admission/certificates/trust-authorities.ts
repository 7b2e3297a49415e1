import type { Kube } from '../../kubernetes/kube.ts'
import type { KubeResource } from '../../kubernetes/kube-object.ts'

/** A configuration of webhooks at the API server. */
export interface WebhookConfiguration {
  readonly resource: 'validatingwebhookconfigurations' | 'mutatingwebhookconfigurations'
  readonly name: string
}

/**
 * Makes the API server trust the authorities, PEM, for every webhook of the configuration. Writes nothing when it
 * does already, or when there is no such configuration.
 */
export async function trustAuthorities(
  kube: Pick<Kube, 'get' | 'patch'>,
  { resource: plural, name }: WebhookConfiguration,
  authorities: string,
): Promise<void> {
  const resource: KubeResource = { group: 'admissionregistration.k8s.io', version: 'v1', plural }
  const found = await kube.get(resource, { name })
  const { webhooks = [] } = (found ?? {}) as { readonly webhooks?: readonly Configured[] }
  const caBundle = Buffer.from(authorities).toString('base64')
  const json = webhooks.flatMap(({ name, clientConfig }, i) =>
    clientConfig?.caBundle === caBundle
      ? []
      : [
          // Somebody may have put another webhook there in the meantime.
          { op: 'test', path: `/webhooks/${i}/name`, value: name },
          { op: 'add', path: `/webhooks/${i}/clientConfig/caBundle`, value: caBundle },
        ],
  )
  if (json.length > 0) await kube.patch(resource, { name }, { json })
}

interface Configured {
  readonly name: string
  readonly clientConfig?: { readonly caBundle?: string }
}
