import { Command, Option } from 'commander'
import type { Retention } from '../../controller/retention/retention.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { dataOption } from '../controller-options.ts'
import { openDataFolder } from '../data-folder.ts'
import { CliFailure } from '../failure.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { pricesOption } from '../prices-option.ts'
import {
  type CheckpointSettings,
  checkpointsOf,
  withCheckpointOptions,
} from '../serve/checkpoint-options.ts'
import type { ControllerSource } from '../serve/controller-alone.ts'
import { chooseSource } from '../serve/default-source.ts'
import {
  type KubernetesSettings,
  kubernetesOptions,
  withKubernetesOptions,
} from '../serve/kubernetes-options.ts'
import {
  type RepositorySettings,
  repositoryOf,
  withRepositoryOptions,
} from '../serve/repository-options.ts'
import { retentionOption } from '../serve/retention-option.ts'
import {
  allowedHostOption,
  hostOption,
  portOption,
  publicUrlOption,
  secretsOption,
} from '../serve/serve-options.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends KubernetesSettings, RepositorySettings, CheckpointSettings {
  readonly host: string
  readonly allowedHost: readonly string[]
  readonly port: number
  readonly publicUrl?: URL
  readonly prices?: PriceCatalogue
  readonly secrets: readonly SecretsSetting[]
  readonly data: string
  readonly databaseUrl?: string
  readonly signingKey?: string
  readonly retention?: Retention
  readonly output: OutputFormat
}

/** `writ controller`: the control plane by itself. */
export function controllerCommand(terminal: Terminal): Command {
  return withCheckpointOptions(
    withRepositoryOptions(withKubernetesOptions(new Command('controller'))),
  )
    .summary('run the controller by itself')
    .description(
      'Compiles and publishes policies, of a folder, a git repository or Kubernetes, keeps the records, and serves the API.\n' +
        'Its tokens are WRIT_ADMIN_TOKEN and WRIT_PROXY_TOKEN, else those made in the data folder.',
    )
    .argument(
      '[source]',
      'folder or file with policies, or URL of a git repository; left out with --kubernetes',
    )
    .addOption(hostOption())
    .addOption(allowedHostOption())
    .addOption(portOption('--port', 'WRIT_CONTROLLER_PORT', 7400))
    .addOption(publicUrlOption())
    .addOption(secretsOption())
    .addOption(pricesOption())
    .addOption(dataOption())
    .addOption(
      new Option('--database-url <url>', 'PostgreSQL to use instead of the embedded database').env(
        'WRIT_DATABASE_URL',
      ),
    )
    .addOption(
      new Option(
        '--signing-key <file>',
        'Ed25519 key in PKCS #8 PEM that signs tables, instead of the one in the data folder',
      ).env('WRIT_SIGNING_KEY_FILE'),
    )
    .addOption(retentionOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ controller examples/airline --port 0')
    .action(async (asked: string | undefined, options: Options) => {
      const source = await sourceOf(asked, options)
      const checkpoints = await checkpointsOf(options)
      const data = await openDataFolder(options.data)
      const { controllerAlone } = await import('../serve/controller-alone.ts')
      const { allowedHost: allowedHosts } = options
      await controllerAlone({ ...options, allowedHosts, source, checkpoints, data }, terminal)
    })
}

async function sourceOf(asked: string | undefined, options: Options): Promise<ControllerSource> {
  const { kubernetes = false } = options
  if (kubernetes === (asked !== undefined)) {
    throw new CliFailure(
      'usage',
      'policies come from a folder or from Kubernetes',
      'name a folder, or say --kubernetes',
    )
  }
  const repository = await repositoryOf(asked, options)
  if (repository !== null) return { repository }
  if (asked === undefined) return { kubernetes: kubernetesOptions(options) }
  return { source: chooseSource(asked, process.cwd()).path }
}
