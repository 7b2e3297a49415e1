import { Command, Option } from 'commander'
import { approvalStates } from '../../schemas/approval-state.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { type ClusterOptions, openCluster, withClusterOptions } from './cluster.ts'
import { findQuestion, listQuestions } from './question.ts'
import { questionCard, questionRow, questionText } from './question-text.ts'

interface Options extends ClusterOptions {
  readonly allNamespaces?: true
  readonly state?: readonly string[]
  readonly output: OutputFormat
}

/** `kubectl writ get`. */
export function getCommand(terminal: Terminal): Command {
  const states = new Option('--state <states...>', 'questions in these states')
  return withClusterOptions(new Command('get'))
    .summary('what was asked, or one question whole')
    .description('Lists questions, those that wait first, then the newest; or shows one whole.')
    .argument('[name]', 'name of the request, or how it begins')
    .option('-A, --all-namespaces', 'questions of every namespace')
    .addOption(states.choices([...approvalStates]))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ kubectl writ get -n team-a --state pending')
    .action((name: string | undefined, options: Options) =>
      name === undefined ? list(options, terminal) : show(name, options, terminal),
    )
}

async function show(name: string, options: Options, { out }: Terminal): Promise<void> {
  const question = await findQuestion(openCluster(options), name)
  if (options.output === 'json') out.line(JSON.stringify(questionRow(question)))
  else out.line(questionCard(question, Date.now(), out))
}

async function list(options: Options, { out, err }: Terminal): Promise<void> {
  const { allNamespaces, state, output } = options
  const cluster = openCluster(options)
  const all = await listQuestions(cluster, allNamespaces ? null : cluster.namespace)
  const found = all.filter(({ status }) => state === undefined || state.includes(status.state))
  const now = Date.now()
  if (output === 'json') out.line(JSON.stringify(found.map(questionRow)))
  else for (const question of found) out.line(questionText(question, now, out))
  if (found.length === 0) err.line('nothing was asked that fits')
}
