import { Command, InvalidArgumentError, Option } from 'commander'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { approvalStates } from '../../schemas/approval-state.ts'
import { type ControllerClient, controllerClient, type Query } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { requestsPath } from './find-request.ts'
import { requestRow, requestText } from './request-row.ts'

interface Options extends ControllerOptions {
  readonly state?: readonly string[]
  readonly namespace?: string
  readonly agent?: string
  readonly tool?: string
  readonly mine?: true
  readonly limit: number
  readonly output: OutputFormat
}

/** `writ approvals list`. */
export function listCommand(terminal: Terminal): Command {
  const states = new Option('--state <states...>', 'requests in these states')
  const limit = new Option('--limit <count>', 'how many').default(50)
  return withControllerOptions(new Command('list'))
    .summary('what was asked: what waits first, then the newest')
    .description('Lists requests: those that wait for an answer first, then the newest.')
    .addOption(states.choices([...approvalStates]))
    .option('--namespace <name>', 'requests of this namespace')
    .option('--agent <agent>', 'requests of this agent')
    .option('--tool <tool>', 'requests for this tool')
    .option('--mine', 'only those that you may decide now')
    .addOption(limit.argParser(count))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ approvals list --state pending')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const requests = await waitingFirst(client, options)
      terminal.progress(null)
      print(requests, options.output, terminal)
    })
}

/** Those that wait are not crowded out by what is newer. */
async function waitingFirst(
  client: ControllerClient,
  { state, namespace, agent, tool, mine, limit }: Options,
): Promise<readonly ApprovalRequest[]> {
  const page = async (states: readonly string[] | undefined) => {
    const query: Query = {
      ...{ namespace, agent, tool },
      state: states?.join(','),
      mine: mine && 'true',
      limit: String(limit),
    }
    const { requests } = Object(await client.json(requestsPath, query))
    return requests as readonly ApprovalRequest[]
  }
  if (state !== undefined || mine) return page(state)
  const waiting = await page(['pending'])
  const newest = await page(approvalStates.filter(name => name !== 'pending'))
  return [...waiting, ...newest].slice(0, limit)
}

function print(
  requests: readonly ApprovalRequest[],
  output: OutputFormat,
  { out, err }: Terminal,
): void {
  const now = Date.now()
  if (output === 'json') out.line(JSON.stringify(requests.map(requestRow)))
  else for (const request of requests) out.line(requestText(request, now, out))
  if (requests.length === 0) err.line('nothing was asked that fits')
}

function count(text: string): number {
  if (/^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= 500) return Number(text)
  throw new InvalidArgumentError('Give a number from 1 to 500.')
}
