import { Command } from 'commander'
import { compileSources, printProblems } from '../compile-sources.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { problemCounts } from '../problem-text.ts'
import { type CaseResult, runPolicyTests } from '../run-policy-tests.ts'
import { printable, type Sink, type Terminal } from '../terminal.ts'

interface Options {
  readonly namespace: string
  readonly output: OutputFormat
}

/** `writ test`: runs the PolicyTests among the policies. */
export function testCommand(terminal: Terminal): Command {
  return new Command('test')
    .summary('run the PolicyTests among policies')
    .description(
      'Judges every case of every PolicyTest. Ends with 1 when one fails or the policies do not compile.',
    )
    .argument('<paths...>', 'files or folders with policies and their PolicyTests')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ test examples/quickstart')
    .action(async (paths: string[], options: Options) => {
      const compiled = await compileSources(paths, options.namespace, terminal)
      if (compiled.tables === null) {
        printProblems(compiled, terminal.err)
        terminal.err.line(`the policies do not compile: ${problemCounts(compiled.problems)}`)
        return terminal.end(1)
      }
      const cases = runPolicyTests(compiled.tests, compiled.tables)
      if (cases.length === 0) terminal.err.line('no PolicyTest is among the policies')
      print(cases, options, terminal)
      return terminal.end(cases.every(result => result.passed) ? 0 : 1)
    })
}

function print(cases: readonly CaseResult[], { output }: Options, { out }: Terminal): void {
  const passed = cases.filter(result => result.passed).length
  const failed = cases.length - passed
  if (output === 'json') {
    out.line(JSON.stringify({ passed, failed, cases }))
    return
  }
  for (const result of cases) if (!result.passed) out.line(failureText(result, out))
  out.line(`${passed} passed, ${failed} failed`)
}

function failureText({ test, name, at, differences }: CaseResult, sink: Sink): string {
  const place = sink.paint('bold', `${printable(at.file)}:${at.line}:${at.column}:`)
  return [
    `${place} ${sink.paint('red', 'failed:')} ${printable(`${test}: ${name}`)}`,
    ...differences.map(
      ({ field, expected, got }) => `  ${field}: expected ${shown(expected)}, got ${shown(got)}`,
    ),
  ].join('\n')
}

function shown(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}
