import { Command } from 'commander'
import { explain } from '../../policy/decide/explain.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { load } from '../../policy/decide/load.ts'
import type { Call } from '../../schemas/call.ts'
import type { CallExplanation } from '../../schemas/call-explanation.ts'
import type { Explanation } from '../../schemas/decision.ts'
import { parseCall } from '../call-file.ts'
import { type CompiledSources, compileSources, printProblems } from '../compile-sources.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { explanationText } from '../explanation-text.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { problemCounts } from '../problem-text.ts'
import { recordedCallText } from '../recorded-call-text.ts'
import { readInput } from '../source-files.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends ControllerOptions {
  readonly call?: string
  readonly record?: string
  readonly at?: string
  readonly namespace: string
  readonly output: OutputFormat
}

/** `writ explain`: what the policies say to a call, and why; or why a recorded call was decided as it was. */
export function explainCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('explain'))
    .summary('show what the policies say to a call, and why')
    .description(
      'Judges a call and shows every policy, entry, rule and condition that was looked at.\n' +
        'Ends with 0 whatever the decision, and with 1 when the policies do not compile.\n\n' +
        'With --record the call is one on record, judged by the policies that decided it.',
    )
    .argument('[paths...]', 'policy files or folders')
    .option('--call <file>', 'the call, JSON or YAML; - for standard input')
    .option('--record <id>', 'a recorded call: its id, or an entry of it as proxy:seq')
    .option('--at <version>', 'and what this commit, or the table of this digest, would have said')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `\nExample:\n  $ echo '{"tool": "echo", "args": {"message": "hello"}}' | npx writ explain examples/quickstart --call -`,
    )
    .action((paths: string[], options: Options) =>
      options.record === undefined
        ? explainWritten(paths, options, terminal)
        : explainRecorded(paths, options, options.record, terminal),
    )
}

async function explainWritten(
  paths: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const { call: file, at, namespace } = options
  if (at !== undefined) throw new CliFailure('usage', '--at needs --record')
  if (file === undefined) {
    throw new CliFailure('usage', "required option '--call <file>' not specified")
  }
  if (paths.length === 0) throw new CliFailure('usage', "missing required argument 'paths'")
  if (file === '-' && paths.includes('-')) {
    throw new CliFailure('usage', 'standard input cannot be both the policies and the call')
  }
  const call = parseCall(await readInput(file, terminal), nameOf(file))
  const compiled = await compileSources(paths, namespace, terminal)
  const explanation = explained(compiled, call, namespace)
  if (explanation === null) terminal.end(refuse(compiled, terminal))
  else print(explanation, options, terminal)
}

async function explainRecorded(
  paths: readonly string[],
  options: Options,
  record: string,
  { out, progress }: Terminal,
): Promise<void> {
  const { call, at, output } = options
  if (paths.length > 0 || call !== undefined) {
    throw new CliFailure(
      'usage',
      '--record goes without policies and --call: the call is judged by what decided it',
      'name another version with --at',
    )
  }
  const client = controllerClient(await controllerAddress(options))
  progress('asking the controller')
  const path = `/api/v1/audit/calls/${encodeURIComponent(record)}/explanation`
  const found = (await client.json(path, { at })) as CallExplanation
  progress(null)
  if (output === 'json') out.line(JSON.stringify(found))
  else for (const line of recordedCallText(found, out)) out.line(line)
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
