import { Command, Option } from 'commander'
import { csvHead, csvOf } from '../../controller/api/audit-csv.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import { bundleCommand } from '../audit/bundle-command.ts'
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
import { outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { countArgument } from '../time-option.ts'

/** `writ audit`: what agents asked for, and what came of it. */
export function auditCommand(terminal: Terminal): Command {
  return new Command('audit')
    .summary('what agents asked for, and what came of it')
    .description('What agents asked for, what was decided, by which rule, and what came of it.')
    .addCommand(listCommand(terminal))
    .addCommand(searchCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(verifyCommand(terminal))
    .addCommand(bundleCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ audit list --limit 10')
}

interface Options extends ControllerOptions, Query {
  readonly data: string
  readonly limit: string
  readonly output: 'text' | 'json' | 'csv'
}

function listCommand(terminal: Terminal): Command {
  return withListOptions(new Command('list'))
    .summary('the newest entries, newest last')
    .description(
      'Prints the newest entries, newest last; with -o json one entry a line, with -o csv a table.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx writ audit list --action deny\n' +
        '  $ npx writ audit list --status failed --min-duration 1000 --since 7d -o csv',
    )
    .action((options: Options) => list(options, terminal))
}

function searchCommand(terminal: Terminal): Command {
  return withListOptions(new Command('search'))
    .summary('the newest entries with some words in their arguments')
    .description(
      'Prints the newest attempts that have all of the words in their arguments, in what the caller was told or gave\n' +
        'as a reason, and outcomes that have them in what went wrong; newest last. What stands together has to stand\n' +
        'together (notes.txt), and a word that ends with * may go on. The other options narrow it.',
    )
    .argument('<words...>', 'words to look for')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx writ audit search ana@example.com\n' +
        '  $ npx writ audit search "notes*" --tool write_file --since 12h',
    )
    .action((words: readonly string[], options: Options) =>
      list({ ...options, text: [options.text ?? '', ...words].join(' ').trim() }, terminal),
    )
}

function withListOptions(command: Command): Command {
  const limit = new Option('--limit <count>', 'how many of the newest').default('50')
  return withControllerOptions(withNarrowOptions(command))
    .addOption(limit.argParser(countArgument))
    .addOption(outputOption().choices(['text', 'json', 'csv']))
}

async function list(options: Options, terminal: Terminal): Promise<void> {
  const client = controllerClient(await controllerAddress(options))
  terminal.progress('asking the controller')
  const query = { ...narrowQuery(options), order: 'newest', limit: options.limit }
  const { entries } = Object(await client.json('/api/v1/audit', query))
  terminal.progress(null)
  if (options.output === 'csv') terminal.out.stream.write(csvHead + csvOf(entries.toReversed()))
  else print(entries.toReversed(), options.output, terminal)
}

function print(entries: readonly Entry[], output: 'text' | 'json', { out, err }: Terminal): void {
  for (const entry of entries) {
    out.line(output === 'json' ? JSON.stringify(entry) : entryText(entry, out))
  }
  if (entries.length === 0) err.line('nothing is recorded that fits')
}
