import { Command } from 'commander'
import { explain } from '../../policy/decide/explain.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { load } from '../../policy/decide/load.ts'
import type { Call } from '../../schemas/call.ts'
import type { Explanation } from '../../schemas/decision.ts'
import { parseCall } from '../call-file.ts'
import { type CompiledSources, compileSources, printProblems } from '../compile-sources.ts'
import { explanationText } from '../explanation-text.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { problemCounts } from '../problem-text.ts'
import { readInput } from '../source-files.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly call: string
  readonly namespace: string
  readonly output: OutputFormat
}

/** `writ explain`: what the policies say to a call, and why. */
export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .summary('show what the policies say to a call, and why')
    .description(
      'Judges a call and shows every policy, entry, rule and condition that was looked at.\n' +
        'Ends with 0 whatever the decision, and with 1 when the policies do not compile.',
    )
    .argument('<paths...>', 'policy files or folders')
    .requiredOption('--call <file>', 'the call, JSON or YAML; - for standard input')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `\nExample:\n  $ echo '{"tool": "echo", "args": {"message": "hello"}}' | npx writ explain examples/quickstart --call -`,
    )
    .action(async (paths: string[], options: Options) => {
      if (options.call === '-' && paths.includes('-')) {
        throw new CliFailure('usage', 'standard input cannot be both the policies and the call')
      }
      const call = parseCall(await readInput(options.call, terminal), nameOf(options.call))
      const compiled = await compileSources(paths, options.namespace, terminal)
      const explanation = explained(compiled, call, options.namespace)
      if (explanation === null) terminal.end(refuse(compiled, terminal))
      else print(explanation, options, terminal)
    })
}

function nameOf(path: string): string {
  return path === '-' ? '<stdin>' : path
}

function refuse(compiled: CompiledSources, { err }: Terminal): 1 {
  printProblems(compiled, err)
  err.line(`the policies do not compile: ${problemCounts(compiled.problems)}`)
  return 1
}

/** The explanation under the table of the namespace; null when the policies do not compile. */
function explained({ tables }: CompiledSources, call: Call, preset: string): Explanation | null {
  if (tables === null) return null
  const namespace = call.subject?.namespace ?? preset
  const compiled = tables.get(namespace)
  if (compiled === undefined) {
    const known = [...tables.keys()].join(', ')
    throw new CliFailure(
      'usage',
      `no policy is in the namespace ${namespace}`,
      known === '' ? '' : `there are policies in ${known}; choose with --namespace`,
    )
  }
  const subject = { ...call.subject, namespace }
  return explain(load(compiled.json), factsOf({ ...call, subject }))
}

function print({ decision, trace }: Explanation, options: Options, { out }: Terminal): void {
  const { action, reason, ...rest } = decision
  if (options.output === 'text') out.line(explanationText({ decision, trace }, out))
  else out.line(JSON.stringify({ action, reason, workflows: [], ...rest, trace }))
}
