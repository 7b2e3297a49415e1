import { Command } from 'commander'
import { planAll } from '../../policy/plan/plan.ts'
import type { Plans } from '../../schemas/plan.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { planText } from '../plan-text.ts'
import { comparable, readStates } from '../read-states.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly namespace: string
  readonly output: OutputFormat
}

/** `writ diff`: which decisions change from one state of the policies to the next, and what of that is proved. */
export function diffCommand(terminal: Terminal): Command {
  return new Command('diff')
    .summary('show which decisions change between two states of policies')
    .description(
      'Shows which decisions change for whom, what widens first, each with an example where one is found, and whether it\n' +
        'is proved that nothing is let through that was not. OLD and NEW are folders or files with policies, rule tables\n' +
        'in JSON, or commits or branches of the repository around PATH. Ends with 1 when they differ.',
    )
    .argument('<old>', 'policies, table or commit as they were')
    .argument('<new>', 'policies, table or commit as they are to be')
    .argument('[path]', 'folder in the repository, for commits', '.')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ diff examples/quickstart examples/airline')
    .action(async (before: string, after: string, path: string, options: Options) => {
      if (before === '-' && after === '-') {
        throw new CliFailure('usage', 'standard input cannot be both the old and the new')
      }
      const old = await readStates(before, path, options.namespace, terminal)
      const now = await readStates(after, path, options.namespace, terminal)
      if (old === null || now === null) return terminal.end(1)
      const plans = planAll(comparable(old, now), comparable(now, old))
      print(plans, options.output, terminal)
      return terminal.end(plans.plans.every(({ changes }) => changes.length === 0) ? 0 : 1)
    })
}

function print(plans: Plans, output: OutputFormat, { out }: Terminal): void {
  if (output === 'json') out.line(JSON.stringify(plans))
  else for (const line of planText(plans, out)) out.line(line)
}
