import type { Command } from 'commander'
import { KubeFailure } from '../../controller/kubernetes/failure.ts'
import { type Kube, kubeOf } from '../../controller/kubernetes/kube.ts'
import { SharedKubeConfig } from '../../controller/kubernetes/kube-config.ts'
import { resourceOf } from '../../controller/kubernetes/objects.ts'
import { ApprovalRequest } from '../../schemas/approval-request.ts'
import { CliFailure } from '../failure.ts'

/** Where the cluster is, in the words of kubectl. */
export interface ClusterOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** A cluster, as the person of its kubeconfig. */
export interface Cluster {
  readonly kube: Kube
  /** The one that was asked for, else that of the context, else `default`. */
  readonly namespace: string
}

/** How the API server addresses questions. */
export const questions = resourceOf(ApprovalRequest)

/** Adds the options by which a cluster is chosen. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use; that of KUBECONFIG or the home folder else')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'namespace; that of the context else')
}

/** Reads the kubeconfig as kubectl does; nothing is sent. Fails with `usage` when there is none to use. */
export function openCluster({ kubeconfig, context, namespace }: ClusterOptions): Cluster {
  const config = new SharedKubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    const message = `${kubeconfig ?? 'the kubeconfig'} cannot be read`
    throw new CliFailure('usage', message, 'see `kubectl config view`', { cause })
  }
  if (context !== undefined) config.setCurrentContext(context)
  if (config.getCurrentCluster() === null) {
    const what = context === undefined ? 'no cluster' : `no context ${context}`
    throw new CliFailure(
      'usage',
      `the kubeconfig names ${what}`,
      'see `kubectl config get-contexts`',
    )
  }
  const own = config.getContextObject(config.getCurrentContext())?.namespace
  return { kube: kubeOf(config, 'kubectl-writ'), namespace: namespace ?? own ?? 'default' }
}

/** Does something at the API server; what it says against it is for people to read. */
export async function asking<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof KubeFailure)) throw error
    if (error.code !== 'unreachable') throw new CliFailure('cluster_refused', error.message)
    const { message } = error.cause instanceof Error ? error.cause : error
    throw new CliFailure('cluster_unreachable', `the API server cannot be reached: ${message}`)
  }
}
