import { Command, Option } from 'commander'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { dataOption } from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import {
  allowedHostOption,
  chainKeyDaysOption,
  type Durability,
  durabilityOption,
  haltWhenAloneOption,
  hostOption,
  portOption,
  probePortOption,
  secretsOption,
} from '../serve/serve-options.ts'
import { useSmallHeap } from '../serve/small-heap.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly host: string
  readonly allowedHost: readonly string[]
  readonly port: number
  readonly probePort?: number
  readonly durability: Durability
  readonly chainKeyDays: number
  readonly smallHeap?: boolean
  readonly secrets: readonly SecretsSetting[]
  readonly data: string
  readonly controller: string
  readonly token?: string
  readonly tokenFile?: string
  readonly agent?: string
  readonly haltWhenAlone?: number
  readonly controllerKey?: string
  readonly output: OutputFormat
}

/** `writ proxy`: the data plane by itself. */
export function proxyCommand(terminal: Terminal): Command {
  const command = new Command('proxy')
    .summary('run a proxy by itself')
    .description(
      'Enforces what a controller publishes. Without the controller it goes on with the last good table;\n' +
        'without a table it refuses everything.',
    )
    .addOption(hostOption())
    .addOption(allowedHostOption())
    .addOption(portOption('--port', 'WRIT_PROXY_PORT', 7401))
    .addOption(probePortOption())
    .addOption(durabilityOption())
    .addOption(chainKeyDaysOption())
    .addOption(secretsOption())
    .addOption(dataOption())
    .option(
      '--small-heap',
      'collect garbage sooner: less memory for a little more processor time; for a sidecar',
    )
  for (const option of controllerOptions()) command.addOption(option)
  return command
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample, beside a controller whose data folder is .writ:\n' +
        '  $ export WRIT_PROXY_TOKEN=$(node -p \'require("./.writ/secrets.json").proxyToken\')\n' +
        '  $ npx writ proxy --data .writ-proxy',
    )
    .action(async (options: Options) => {
      if (options.smallHeap === true) useSmallHeap()
      const { proxyAlone } = await import('../serve/proxy-alone.ts')
      await proxyAlone({ ...options, allowedHosts: options.allowedHost }, terminal)
    })
}

/** Which controller, and by which token this is a proxy of it. */
function controllerOptions(): readonly Option[] {
  return [
    new Option('--controller <url>', 'address of the controller')
      .env('WRIT_CONTROLLER')
      .default('http://127.0.0.1:7400'),
    new Option('--token <token>', "the controller's token for proxies").env('WRIT_PROXY_TOKEN'),
    new Option(
      '--token-file <file>',
      'file with the service account token of this pod, made for the audience writ; instead of --token',
    ).env('WRIT_PROXY_TOKEN_FILE'),
    new Option(
      '--agent <name>',
      'the Agent as which the containers of this pod call without a key',
    ).env('WRIT_AGENT'),
    haltWhenAloneOption(),
    new Option(
      '--controller-key <key>',
      "the controller's public key; the first one seen is pinned when omitted",
    ).env('WRIT_CONTROLLER_KEY'),
  ]
}
