import { Command } from 'commander'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import { type CompiledSources, compileSources, printProblems } from '../compile-sources.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { pricesOption } from '../prices-option.ts'
import { many, problemCounts } from '../problem-text.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly namespace: string
  readonly strict?: true
  readonly prices?: PriceCatalogue
  readonly output: OutputFormat
}

/** `writ check`: every problem of the policies, each at its place. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .summary('find what is wrong with policies')
    .description(
      'Compiles policies and prints every problem with its place. Ends with 1 when there is an error.',
    )
    .argument('<paths...>', 'files, folders, or - for standard input')
    .addOption(namespaceOption())
    .option('--strict', 'end with 1 when there is a warning, too')
    .addOption(pricesOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ check examples/quickstart')
    .action(async (paths: string[], options: Options) => {
      const compiled = await compileSources(paths, options.namespace, terminal, options.prices)
      const print = options.output === 'json' ? printJson : printText
      print(compiled, options, terminal)
      const findings = compiled.tables === null || (options.strict && compiled.problems.length > 0)
      terminal.end(findings ? 1 : 0)
    })
}

function printJson(compiled: CompiledSources, { namespace }: Options, { out }: Terminal): void {
  const { problems, resources, tables } = compiled
  const digests = [...(tables ?? [])].map(([name, table]) => [name, table.digest])
  const table = tables?.get(namespace)?.digest
  out.line(
    JSON.stringify({
      problems,
      resources,
      ...(table !== undefined && { table }),
      ...(tables !== null && { tables: Object.fromEntries(digests) }),
    }),
  )
}

function printText(compiled: CompiledSources, _: Options, { out }: Terminal): void {
  const { files, problems, resources, tables } = compiled
  printProblems(compiled, out)
  const read = `${many(resources, 'resource')} in ${many(files.length, 'file')}`
  const counts = problems.length === 0 ? '' : `, ${problemCounts(problems)}`
  const verdict = tables === null ? out.paint('red', 'failed:') : out.paint('green', 'ok:')
  out.line(`${verdict} ${read}${counts}`)
  for (const [name, { digest }] of tables ?? []) out.line(`    ${name} ${out.paint('dim', digest)}`)
}
