import { Command, InvalidArgumentError, Option } from 'commander'
import { wait } from '../../lifecycle/wait.ts'
import type { Halt, HaltProgress } from '../../schemas/halt.ts'
import { columnsText } from '../columns-text.ts'
import { type ControllerClient, controllerClient, type Posted } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { haltedText, haltRow, progressText } from '../halt-text.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Terminal } from '../terminal.ts'

/** `writ halt`: has every proxy refuse calls until two people lift it. */
export function haltCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('halt'))
    .summary('stop agents: every proxy refuses, at once')
    .description(
      'Has every proxy refuse calls of tools, models, or both, until the halt is lifted. One owner or admin halts\n' +
        'alone; two owners lift. Waits until every proxy refuses; ends with 1 when one has not said so.',
    )
    .option('--tools', 'calls of tools, resources and prompts')
    .option('--models', 'requests to models; both when neither is said')
    .option('-n, --namespace <name>', 'only agents of this namespace')
    .option('--agent <name>', 'only this agent')
    .option('--reason <text>', 'why, in one line; the agents that are refused read it')
    .addOption(waitOption())
    .addOption(noWaitOption())
    .addOption(outputOption())
    .addCommand(listCommand(terminal))
    .addCommand(liftCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ halt --tools --reason "incident 4711"')
    .action(async (options: HaltOptions) => {
      if (options.reason === undefined) {
        throw new CliFailure('usage', 'a halt needs a reason', 'say --reason "why"')
      }
      const client = controllerClient(await controllerAddress(options))
      const halt = answered(await client.post(path, requestOf(options)))
      await tellProgress(terminal, client, options, halt)
    })
}

const path = '/api/v1/halts'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

interface WaitOptions extends Options {
  /** Seconds; false where nobody waits. */
  readonly wait: number | false
}

interface HaltOptions extends WaitOptions {
  readonly tools?: true
  readonly models?: true
  readonly namespace?: string
  readonly agent?: string
  readonly reason?: string
}

type Answer = Halt & { readonly progress: HaltProgress }

function requestOf({ tools, models, namespace, agent, reason }: HaltOptions): object {
  const what = tools === models ? 'all' : tools ? 'tools' : 'models'
  return { what, ...(namespace && { namespace }), ...(agent && { agent }), reason }
}

function listCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('list'))
    .summary('show halts, those that stand first')
    .description(
      'Shows the halts that stand and how many proxies refuse by them, and what became of those before.',
    )
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ halt list')
    .action(async (_: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals()
      const client = controllerClient(await controllerAddress(options))
      const { halts } = (await client.json(path)) as { readonly halts: readonly Answer[] }
      const text = options.output === 'json' ? JSON.stringify({ halts }) : listText(halts)
      terminal.out.line(text)
    })
}

function liftCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('lift'))
    .summary('ask to lift a halt, or confirm that it is lifted')
    .description(
      'Asks to lift a halt; the second owner who does lifts it. Ends with 1 when another owner has to confirm, or\n' +
        'when a proxy has not said that it lets calls through again.',
    )
    .argument('<id>', 'id of the halt, as `writ halt list` shows it', haltId)
    .option('--reason <text>', 'why it may be lifted; it goes on the record')
    .addOption(waitOption())
    .addOption(noWaitOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ halt lift hlt-0123456789abcdef --reason "the keys are replaced"',
    )
    .action(async (id: string, _: unknown, command: Command) => {
      const options: HaltOptions = command.optsWithGlobals()
      if (options.reason === undefined) {
        throw new CliFailure('usage', 'a lift needs a reason', 'say --reason "why"')
      }
      const client = controllerClient(await controllerAddress(options))
      const halt = answered(await client.post(`${path}/${id}/lift`, { reason: options.reason }))
      if (halt.state === 'lifted') return tellProgress(terminal, client, options, halt)
      const text = `${halt.id} still stands: another owner has to confirm, by the same command`
      print(terminal, options, halt, terminal.out.paint('yellow', text))
      terminal.end(1)
    })
}

/** Waits until every proxy has said so, as long as may be waited. */
async function tellProgress(
  terminal: Terminal,
  client: ControllerClient,
  options: WaitOptions,
  made: Answer,
): Promise<void> {
  const isLifted = made.state === 'lifted'
  const until = performance.now() + (options.wait === false ? 0 : options.wait * 1000)
  let halt = made
  while (!isDone(halt) && performance.now() < until) {
    terminal.progress(progressText(halt.progress, isLifted))
    await wait(everyMs, new AbortController().signal)
    halt = (await client.json(`${path}/${halt.id}`)) as Answer
  }
  terminal.progress(null)
  const done = isDone(halt)
  const verb = isLifted ? 'lifted' : 'halted'
  const text = `${halt.id} ${verb}: ${printable(haltedText(halt))}; ${progressText(halt.progress, isLifted)}`
  print(terminal, options, halt, terminal.out.paint(done ? 'green' : 'yellow', text))
  terminal.end(done || options.wait === false ? 0 : 1)
}

const everyMs = 200

function isDone({ progress }: Answer): boolean {
  return progress.done === progress.proxies
}

function answered(answer: Posted): Answer {
  if (answer.outcome === 'refused') throw new CliFailure('controller_refused', answer.message)
  return answer.value as Answer
}

function print({ out }: Terminal, { output }: Options, value: unknown, text: string): void {
  out.line(output === 'json' ? JSON.stringify(value) : text)
}

function listText(halts: readonly Answer[]): string {
  if (halts.length === 0) return 'Nothing was ever halted.'
  const rows = halts.map(halt => {
    const progress = halt.state === 'lifted' ? '' : progressText(halt.progress)
    return [...haltRow(halt), progress]
  })
  return columnsText([['ID', 'STATE', 'WHAT', 'SINCE', 'BY', 'WHY', 'PROXIES'], ...rows]).join('\n')
}

function waitOption(): Option {
  return new Option('--wait <seconds>', 'how long to wait for proxies')
    .argParser(seconds)
    .default(10)
}

function noWaitOption(): Option {
  return new Option('--no-wait', 'do not wait for proxies')
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a number of seconds, 1 to 9999.')
}

function haltId(text: string): string {
  if (/^hlt-[0-9a-z]{16}$/.test(text)) return text
  throw new InvalidArgumentError('An id is written like hlt-0123456789abcdef.')
}
