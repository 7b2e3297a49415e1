import { Command, Option } from 'commander'
import type { Record as Entry } from '../../schemas/record.ts'
import { exportCommand } from '../audit/export-command.ts'
import { narrowQuery, withNarrowOptions } from '../audit/narrow-options.ts'
import { verifyCommand } from '../audit/verify-command.ts'
import { controllerClient, type Query } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { entryText } from '../entry-text.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { countArgument } from '../time-option.ts'

/** `writ audit`: what agents asked for, and what came of it. */
export function auditCommand(terminal: Terminal): Command {
  return new Command('audit')
    .summary('what agents asked for, and what came of it')
    .description('What agents asked for, what was decided, by which rule, and what came of it.')
    .addCommand(listCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(verifyCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ audit list --limit 10')
}

interface Options extends ControllerOptions, Query {
  readonly data: string
  readonly limit: string
  readonly output: OutputFormat
}

function listCommand(terminal: Terminal): Command {
  const limit = new Option('--limit <count>', 'how many of the newest').default('50')
  return withControllerOptions(withNarrowOptions(new Command('list')))
    .summary('the newest entries, newest last')
    .description('Prints the newest entries, newest last; with -o json one entry a line.')
    .addOption(limit.argParser(countArgument))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ audit list --action deny')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const query = { ...narrowQuery(options), order: 'newest', limit: options.limit }
      const { entries } = Object(await client.json('/api/v1/audit', query))
      terminal.progress(null)
      print(entries.toReversed(), options.output, terminal)
    })
}

function print(entries: readonly Entry[], output: OutputFormat, { out, err }: Terminal): void {
  for (const entry of entries) {
    out.line(output === 'json' ? JSON.stringify(entry) : entryText(entry, out))
  }
  if (entries.length === 0) err.line('nothing is recorded that fits')
}
