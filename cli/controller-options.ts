import { type Command, Option } from 'commander'
import { type ControllerAddress, readAddress } from './data-folder.ts'
import { CliFailure } from './failure.ts'

/** What a command that talks to a controller was told about it. */
export interface ControllerOptions {
  readonly url?: string
  readonly token?: string
  readonly data: string
}

/** Adds the options by which a command finds the controller. */
export function withControllerOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of the controller').env('WRIT_URL'))
    .addOption(new Option('--token <token>', 'token for the controller').env('WRIT_TOKEN'))
    .addOption(dataOption())
}

/** The option that says where the data folder is. */
export function dataOption(): Option {
  return new Option('--data <folder>', 'data folder of `writ up`').env('WRIT_DATA').default('.writ')
}

/**
 * The address that was given, else the one that `writ up` left in the data folder. A token goes only
 * where it was meant to go: the one in the folder is not sent to an address that was given.
 */
export async function controllerAddress(options: ControllerOptions): Promise<ControllerAddress> {
  const { url, token, data } = options
  if (url !== undefined && token !== undefined) return { url, token }
  const left = await readAddress(data)
  if (left !== null && url === undefined) return { url: left.url, token: token ?? left.token }
  throw url === undefined
    ? new CliFailure(
        'controller_unreachable',
        `no controller is known: ${data} holds none and no --url was given`,
        'start one with `npx writ up`, or name one with --url and --token',
      )
    : new CliFailure('usage', '--url needs --token', 'or set WRIT_TOKEN')
}
