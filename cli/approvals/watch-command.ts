import process from 'node:process'
import { Command } from 'commander'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { changeText } from './change-text.ts'
import { requestsPath } from './find-request.ts'
import { follow } from './follow.ts'
import { requestText } from './request-row.ts'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

interface Page {
  readonly requests: readonly ApprovalRequest[]
}

/** `writ approvals watch`. */
export function watchCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('watch'))
    .summary('what waits now, and every change as it happens')
    .description(
      'Prints what waits for an answer, then every change as it happens, until Ctrl-C.\n' +
        'With -o json it prints the messages of the WebSocket, one a line.',
    )
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ approvals watch')
    .action(async (options: Options) => {
      const address = await controllerAddress(options)
      const client = controllerClient(address)
      const { out, err } = terminal
      const json = options.output === 'json'
      const waiting = async () => {
        const query = { state: 'pending', limit: '500' }
        const { requests } = (await client.json(requestsPath, query)) as Page
        err.line(
          requests.length === 0 ? 'nothing waits for an answer' : 'these wait for an answer:',
        )
        for (const request of requests.toReversed()) {
          out.line(requestText(request, Date.now(), out))
        }
      }
      await follow(
        address,
        {
          topic: 'approvals',
          hear: message => {
            if (json) out.line(JSON.stringify(message))
            else if (message.type !== 'resync') out.line(changeText(message as never, out))
          },
          caughtUp: async () => (json ? err.line('following') : waiting()),
          lost: () => err.line('the connection is lost; trying again'),
        },
        stopSignal(process),
      )
    })
}
