import { Command } from 'commander'
import type { Retention } from '../../controller/retention/retention.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { dataOption } from '../controller-options.ts'
import { openDataFolder } from '../data-folder.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { pricesOption } from '../prices-option.ts'
import { chooseSource } from '../serve/default-source.ts'
import {
  type RepositorySettings,
  repositoryOf,
  withRepositoryOptions,
} from '../serve/repository-options.ts'
import { retentionOption } from '../serve/retention-option.ts'
import {
  allowedHostOption,
  chainKeyDaysOption,
  type Durability,
  durabilityOption,
  hostOption,
  portOption,
  publicUrlOption,
  secretsOption,
} from '../serve/serve-options.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends RepositorySettings {
  readonly host: string
  readonly allowedHost: readonly string[]
  readonly proxyPort: number
  readonly controllerPort: number
  readonly publicUrl?: URL
  readonly prices?: PriceCatalogue
  readonly retention?: Retention
  readonly durability: Durability
  readonly chainKeyDays: number
  readonly secrets: readonly SecretsSetting[]
  readonly data: string
  readonly output: OutputFormat
}

/** `writ up`: controller and proxy on this machine. */
export function upCommand(terminal: Terminal): Command {
  return withRepositoryOptions(new Command('up'))
    .summary('serve policies on this machine')
    .description(
      'Serves a folder of policies on this machine: the proxy for agents and the controller beside it.\n' +
        'Without SOURCE it serves ./policies, or the quickstart.',
    )
    .argument('[source]', 'folder or file with policies, or URL of a git repository')
    .addOption(hostOption())
    .addOption(allowedHostOption())
    .addOption(portOption('--proxy-port', 'WRIT_PROXY_PORT', 7401))
    .addOption(portOption('--controller-port', 'WRIT_CONTROLLER_PORT', 7400))
    .addOption(publicUrlOption())
    .addOption(durabilityOption())
    .addOption(chainKeyDaysOption())
    .addOption(secretsOption())
    .addOption(pricesOption())
    .addOption(retentionOption())
    .addOption(dataOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ up examples/quickstart')
    .action(async (asked: string | undefined, options: Options) => {
      terminal.progress('starting')
      const repository = await repositoryOf(asked, options)
      const source = repository
        ? { path: repository.url.href, copied: false, repository }
        : chooseSource(asked, process.cwd())
      const data = await openDataFolder(options.data)
      const { up } = await import('../serve/up.ts')
      await up({ ...options, allowedHosts: options.allowedHost, source, data }, terminal)
    })
}
