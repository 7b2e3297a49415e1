import { type Command, Option } from 'commander'
import type { ControllerOptions } from '../../controller/controller.ts'
import { CliFailure } from '../failure.ts'
import { portNumber } from './serve-options.ts'

/** What the command line said of the webhooks. */
export interface WebhookSettings {
  readonly webhookPort?: number
  readonly webhookCertDir?: string
  readonly webhookName?: readonly string[]
  readonly injection?: string
}

/** Adds the options by which a controller serves webhooks. They have no variables: Services set such ones in pods. */
export function withWebhookOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--webhook-port <port>',
        'serve admission webhooks on this port; 0 picks a free one; left out, none are served',
      ).argParser(portNumber),
    )
    .option(
      '--webhook-cert-dir <folder>',
      'tls.crt and tls.key of the webhooks; left out, the controller makes its own',
    )
    .option(
      '--webhook-name <name...>',
      'names by which the API server calls the webhooks; left out, that of the Service writ-controller',
    )
    .option(
      '--injection <file>',
      'what sidecars are like, as the chart writes it; left out, pods get none',
    )
}

/** What the controller is told of the webhooks; nothing when it serves none. */
export function webhookOptions(
  settings: WebhookSettings,
): Pick<NonNullable<ControllerOptions['kubernetes']>, 'webhooks'> {
  const { webhookPort: port, webhookCertDir, webhookName: names, injection } = settings
  if (port === undefined) {
    if (webhookCertDir === undefined && names === undefined && injection === undefined) return {}
    throw new CliFailure('usage', 'webhooks need a port', 'say --webhook-port 7443')
  }
  return {
    webhooks: {
      port,
      ...(webhookCertDir !== undefined && { certificateFolder: webhookCertDir }),
      ...(names !== undefined && { names }),
      ...(injection !== undefined && { injection }),
    },
  }
}
