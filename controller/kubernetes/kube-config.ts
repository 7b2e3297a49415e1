import { KubeConfig, type RequestContext } from '@kubernetes/client-node'
import { KubeFailure } from './failure.ts'

type Dispatcher = ReturnType<RequestContext['getDispatcher']>

/**
 * The configuration of a client, with connections that are used again: the library makes a pool for
 * every request, and so would shake hands for every one.
 */
export class SharedKubeConfig extends KubeConfig {
  #dispatcher: Dispatcher

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context)
    this.#dispatcher ??= context.getDispatcher()
    if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher)
  }

  /** Makes new connections from here on, with the certificates that are there now; those in use end by themselves. */
  renew(): void {
    this.#dispatcher = undefined
  }
}

/** The configuration of the file; without one that of the pod's service account, else that of KUBECONFIG or the home folder. */
export function readKubeConfig(file: string | undefined): SharedKubeConfig {
  const config = new SharedKubeConfig()
  try {
    if (file !== undefined) config.loadFromFile(file)
    else if (process.env.KUBERNETES_SERVICE_HOST !== undefined) config.loadFromCluster()
    else config.loadFromDefault()
  } catch (cause) {
    throw new KubeFailure('unconfigured', `${file ?? 'the kubeconfig'} cannot be read`, { cause })
  }
  if (config.getCurrentCluster() === null) {
    throw new KubeFailure('unconfigured', `${file ?? 'the kubeconfig'} names no cluster`)
  }
  return config
}
