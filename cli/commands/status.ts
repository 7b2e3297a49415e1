import { Command } from 'commander'
import type { Status } from '../../controller/status/status.ts'
import type { Problem } from '../../schemas/problem.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { lineOnDisk } from '../problem-text.ts'
import { rootOfSource } from '../serve/server-folders.ts'
import { statusText } from '../status-text.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

/** `writ status`: what is written, what is in force, and who enforces it. */
export function statusCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('status'))
    .summary('show what is in force, and what is wrong')
    .description(
      'Shows the policies in force, the proxies that enforce them, the tool servers and the records.\n' +
        'Ends with 1 when what is written is not what runs.',
    )
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ status')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      const status = (await client.json('/api/v1/status')) as Status
      const json = options.output === 'json'
      const lineOf = options.url === undefined ? await linesHere(status) : () => undefined
      terminal.out.line(json ? JSON.stringify(status) : statusText(status, lineOf, terminal.out))
      terminal.end(isWell(status) ? 0 : 1)
    })
}

/** The lines of the source's files, where they can be read here: the controller is on this machine. */
async function linesHere({ source }: Status): Promise<(problem: Problem) => string | undefined> {
  const root = await rootOfSource(source.path, AbortSignal.timeout(5000))
  return problem => lineOnDisk(root, problem)
}

/** Whether what is written is what runs, everywhere. */
function isWell({ source, namespaces, halts, proxies }: Status): boolean {
  return (
    source.state === 'in_force' &&
    namespaces.every(({ enforcedBy, connected }) => enforcedBy === connected) &&
    halts.every(({ progress }) => progress.done === progress.proxies) &&
    proxies.every(({ rejected }) => rejected.length === 0)
  )
}
