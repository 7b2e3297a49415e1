import { Command } from 'commander'
import type { ApprovalEvent } from '../../schemas/approval.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { findRequest, requestsPath } from './find-request.ts'
import { requestCard } from './request-card.ts'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

/** `writ approvals show`. */
export function showCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('show'))
    .summary('one request: what is asked, who may answer, what happened')
    .description(
      'Shows what is asked, why, who may answer, how long it is open, and what happened.',
    )
    .argument('<id>', 'id of the request, or how it begins')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ approvals show apr-0k3')
    .action(async (id: string, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      const request = await findRequest(client, id)
      const { events } = (await client.json(`${requestsPath}/${request.id}/events`)) as {
        readonly events: readonly ApprovalEvent[]
      }
      const { out: sink } = terminal
      if (options.output === 'json') sink.line(JSON.stringify({ ...request, events }))
      else sink.line(requestCard(request, events, { now: Date.now(), sink }))
    })
}
