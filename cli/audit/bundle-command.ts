import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly file?: string
}

/** `writ audit bundle`: everything that speaks for one call, in one file. */
export function bundleCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('bundle'))
    .summary('everything that speaks for one call, in one file')
    .description(
      'Prints one JSON object: the entries of a call, what leads from them to a seal and a checkpoint, the table that decided,\n' +
        'its release, its commit and how that was reviewed, and what people were asked and answered.\n' +
        '`writ audit verify --bundle FILE` checks it without any controller.',
    )
    .argument('<call>', 'id of the call, as `writ audit list -o json` shows it')
    .option('-f, --file <file>', 'where to write it; standard output when omitted')
    .addOption(outputOption().default('json'))
    .addHelpText('after', '\nExample:\n  $ npx writ audit bundle call-1 -f evidence.json')
    .action(async (call: string, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const path = `/api/v1/audit/calls/${encodeURIComponent(call)}/bundle`
      const text = JSON.stringify(await client.json(path))
      terminal.progress(null)
      if (options.file === undefined) terminal.out.line(text)
      else await write(options.file, `${text}\n`)
    })
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch(cause => {
    const why = String(Object(cause).code)
    throw new CliFailure('unwritable', `cannot write ${file}: ${why}`, '', { cause })
  })
}
