import { Command, InvalidArgumentError, Option } from 'commander'
import type { Coverage } from '../../schemas/coverage.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { printCoverage } from '../coverage-text.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly days: string
  readonly namespace?: string
  readonly output: OutputFormat
}

/** `writ coverage`: what is used without a rule, which rules decide nothing, and who answers questions. */
export function coverageCommand(terminal: Terminal): Command {
  const days = new Option('--days <count>', 'how many days are looked at, today among them')
  return withControllerOptions(new Command('coverage'))
    .summary('what no rule names, and rules that decide nothing')
    .description(
      'Holds the policies in force against the calls on record: what is used without a rule that names it, rules\n' +
        'that decided nothing, and who was asked and answered. Ends with 1 when something was let through that no rule names.',
    )
    .addOption(days.argParser(daysArgument).default('90'))
    .option('--namespace <name>', 'only this namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ coverage --days 30')
    .action(async ({ days, namespace, output, ...options }: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const report = (await client.json('/api/v1/coverage', { days, namespace })) as Coverage
      terminal.progress(null)
      if (output === 'json') terminal.out.line(JSON.stringify(report))
      else printCoverage(report, terminal)
      const letThrough = report.unruled.items.some(({ decisions }) =>
        decisions.some(({ action }) => action === 'allow'),
      )
      terminal.end(letThrough ? 1 : 0)
    })
}

function daysArgument(text: string): string {
  if (/^(400|[1-3]?[0-9]{1,2})$/.test(text) && Number(text) > 0) return text
  throw new InvalidArgumentError('Give a number of days from 1 to 400.')
}
