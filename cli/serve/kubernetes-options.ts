import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { type Command, Option } from 'commander'
import type { ControllerOptions } from '../../controller/controller.ts'
import { type WebhookSettings, webhookOptions, withWebhookOptions } from './webhook-options.ts'

/** What the command line said of the API server. */
export interface KubernetesSettings extends WebhookSettings {
  readonly kubernetes?: true
  readonly kubeconfig?: string
  readonly systemNamespace: string
  readonly podNamespace?: string
  readonly identity?: string
}

/** Adds the options by which a controller takes its policies from an API server. */
export function withKubernetesOptions(command: Command): Command {
  const kubernetes = command
    .option('--kubernetes', 'take policies from an API server, and write their status there')
    .option('--kubeconfig <file>', 'how to reach it; left out, as a pod or as kubectl does')
    .addOption(
      new Option('--system-namespace <name>', 'namespace whose policies narrow every other')
        .env('WRIT_SYSTEM_NAMESPACE')
        .default('writ-system'),
    )
    .addOption(
      new Option('--pod-namespace <name>', 'namespace of the controller itself').env(
        'WRIT_POD_NAMESPACE',
      ),
    )
    .addOption(
      new Option(
        '--identity <name>',
        'names this process among the controllers; its host when left out',
      ).env('WRIT_IDENTITY'),
    )
  return withWebhookOptions(kubernetes)
}

/** What the controller is told of the API server. */
export function kubernetesOptions(
  settings: KubernetesSettings,
): NonNullable<ControllerOptions['kubernetes']> {
  const { kubeconfig, systemNamespace, identity = hostname() } = settings
  const podNamespace = settings.podNamespace ?? namespaceOfPod() ?? systemNamespace
  return {
    systemNamespace,
    podNamespace,
    identity,
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...webhookOptions(settings),
  }
}

/** The namespace that this pod is in; null outside of one. */
function namespaceOfPod(): string | null {
  try {
    const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}
