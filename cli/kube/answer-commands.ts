import { setTimeout as after } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { failedWith } from '../../controller/kubernetes/failure.ts'
import type { ApprovalDecision, DecisionOutcome } from '../../schemas/approval-request.ts'
import { stateText, targetOf } from '../approvals/request-row.ts'
import { CliFailure } from '../failure.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Terminal } from '../terminal.ts'
import {
  asking,
  type Cluster,
  type ClusterOptions,
  openCluster,
  questions,
  withClusterOptions,
} from './cluster.ts'
import { findQuestion, type Question, questionOf } from './question.ts'
import { questionRow } from './question-text.ts'

interface Options extends ClusterOptions {
  readonly reason?: string
  readonly timeout: number
  readonly output: OutputFormat
}

/** `kubectl writ approve` and `deny`. */
export function answerCommands(terminal: Terminal): readonly Command[] {
  const approve = answerCommand('approve', terminal)
    .summary('let the call be made, once')
    .description(
      'Approves a request: the call may be made once. Ends with 1 when it does not count.',
    )
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExample:\n  $ kubectl writ approve apr-0k3 --reason "as agreed"')
  const deny = answerCommand('deny', terminal)
    .summary('refuse the call')
    .description('Denies a request; one denial ends it. Ends with 1 when it does not count.')
    .option('--reason <text>', 'why, for the record and for the agent')
    .addHelpText('after', '\nExample:\n  $ kubectl writ deny apr-0k3 --reason "not today"')
  return [approve, deny]
}

function answerCommand(decision: 'approve' | 'deny', terminal: Terminal): Command {
  const timeout = new Option('--timeout <seconds>', 'how long to wait for the controller')
  return withClusterOptions(new Command(decision))
    .argument('<name>', 'name of the request, or how it begins')
    .addOption(timeout.default(30).argParser(seconds))
    .addOption(outputOption())
    .action(async (name: string, options: Options) => {
      const cluster = openCluster(options)
      const question = await findQuestion(cluster, name)
      terminal.progress('waiting for the controller')
      const answer = await answered(cluster, question, decision, options)
      terminal.progress(null)
      print(answer, options.output, terminal)
    })
}

function seconds(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a number of seconds from 1 to 9999.')
}

/** What became of a decision: what the controller or the API server made of it, or nothing in time. */
interface Answer {
  readonly outcome: DecisionOutcome | 'forbidden' | 'unanswered'
  readonly message: string
  readonly question: Question
}

async function answered(
  cluster: Cluster,
  question: Question,
  decision: 'approve' | 'deny',
  { reason, timeout }: Options,
): Promise<Answer> {
  const by = await username(cluster)
  const value = { by, decision, ...(reason !== undefined && { reason }) }
  const added = await add(cluster, question, value)
  if (typeof added === 'string') return { outcome: 'forbidden', message: added, question }
  return outcomeOf(cluster, added, Date.now() + timeout * 1000)
}

/** The name by which the API server knows whoever asks. */
async function username({ kube }: Cluster): Promise<string> {
  const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const reviews = { group: 'authentication.k8s.io', version: 'v1', plural: 'selfsubjectreviews' }
  const { status } = await asking(kube.create(reviews, {}, kind))
  return String(Object(Object(status).userInfo).username ?? '')
}

/** The question with the decision at its end, or why the API server does not let it in. */
async function add(
  { kube }: Cluster,
  { metadata: { namespace = '', name } }: Question,
  value: ApprovalDecision,
): Promise<Question | string> {
  const json = [{ op: 'add', path: '/status/decisions/-', value }]
  const address = { namespace, name, subresource: 'status' }
  try {
    return questionOf(await kube.patch(questions, address, { json }))
  } catch (error) {
    if (failedWith(error, 'forbidden', 'invalid') && error instanceof Error) {
      return error.message.replace(/^.* denied request: /s, '')
    }
    return asking(Promise.reject(error))
  }
}

const lookMs = 250

/** Waits until the controller has said what became of the last decision of the question. */
async function outcomeOf(cluster: Cluster, added: Question, until: number): Promise<Answer> {
  const { uid, name, namespace = '' } = added.metadata
  const place = added.status.decisions.length - 1
  for (let question = added; ; ) {
    const { outcome, message = '' } = question.status.decisions[place] ?? {}
    if (outcome !== undefined) return { outcome, message, question }
    if (Date.now() > until) {
      const message = 'The controller has not answered; the decision stands, and it will.'
      return { outcome: 'unanswered', message, question }
    }
    await after(lookMs)
    const object = await asking(cluster.kube.get(questions, { namespace, name }))
    if (object?.metadata.uid !== uid) {
      throw new CliFailure('cluster_refused', `${name} was removed meanwhile`, 'answer it again')
    }
    question = questionOf(object)
  }
}

function print({ outcome, message, question }: Answer, format: OutputFormat, terminal: Terminal) {
  const { out, end } = terminal
  const { metadata, spec, status } = question
  const word = outcome === 'unanswered' ? 'Not answered yet:' : 'Not counted:'
  if (format === 'json') {
    out.line(JSON.stringify({ outcome, message, request: questionRow(question) }))
  } else {
    const what = `${metadata.name}  ${printable(spec.agent)}  ${targetOf(spec)}`
    const waits = status.state === 'pending' ? ` (${printable(waitsText(status))})` : ''
    if (outcome === 'counted')
      out.line(`${what}  ${stateText(status.state, out).trimEnd()}${waits}`)
    else out.line(`${what}\n${out.paint('red', word)} ${printable(message)}`)
  }
  end(outcome === 'counted' ? 0 : outcome === 'unanswered' ? 2 : 1)
}

function waitsText({ workflows = [] }: Question['status']): string {
  return workflows
    .filter(({ required, received }) => received < required)
    .map(({ name, required, received }) => `${name || 'owners'} ${received} of ${required}`)
    .join(', ')
}
