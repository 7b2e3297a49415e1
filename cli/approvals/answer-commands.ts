import { Command } from 'commander'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { controllerClient, type Posted } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Sink, type Terminal } from '../terminal.ts'
import { findRequest, requestsPath } from './find-request.ts'
import { type GrantOptions, grantTerms, withGrantOptions } from './grant-options.ts'
import { stateText, targetOf } from './request-row.ts'

interface Options extends ControllerOptions, GrantOptions {
  readonly reason?: string
  readonly output: OutputFormat
}

/** `writ approvals approve`, `deny` and `cancel`. */
export function answerCommands(terminal: Terminal): readonly Command[] {
  const approve = answerCommand('approve', terminal)
    .summary('let the call be made, once')
    .description(
      'Approves a request: the call may be made once. Ends with 1 when it does not count.',
    )
    .option('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExample:\n  $ npx writ approvals approve apr-0k3 --reason "as agreed"')
  const deny = answerCommand('deny', terminal)
    .summary('refuse the call')
    .description('Denies a request; one denial ends it. Ends with 1 when it does not count.')
    .option('--reason <text>', 'why, for the record and for the agent')
    .addHelpText('after', '\nExample:\n  $ npx writ approvals deny apr-0k3 --reason "not today"')
  const cancel = answerCommand('cancel', terminal)
    .summary('take a question back')
    .description('Takes a question back, so that nobody answers it any more.')
    .requiredOption('--reason <text>', 'why, for the record and for the agent')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ approvals cancel apr-0k3 --reason "asked twice"',
    )
  return [withGrantOptions(approve), deny, cancel]
}

const paths = { approve: 'approve', deny: 'decline', cancel: 'cancel' } as const

function answerCommand(name: keyof typeof paths, terminal: Terminal): Command {
  return withControllerOptions(new Command(name))
    .argument('<id>', 'id of the request, or how it begins')
    .addOption(outputOption())
    .action(async (id: string, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      const request = await findRequest(client, id)
      const grant = grantTerms(options, request, Date.now())
      const body = { reason: options.reason, ...(grant && { grant }) }
      const answer = await client.post(`${requestsPath}/${request.id}/${paths[name]}`, body)
      const { out } = terminal
      out.line(options.output === 'json' ? jsonOf(answer) : answerText(request, answer, out))
      terminal.end(answer.outcome === 'done' ? 0 : 1)
    })
}

function jsonOf(answer: Posted): string {
  return JSON.stringify(
    answer.outcome === 'done' ? { outcome: 'counted', request: answer.value } : answer,
  )
}

function answerText(asked: ApprovalRequest, answer: Posted, sink: Sink): string {
  const what = `${asked.id}  ${printable(asked.agent)}  ${targetOf(asked)}`
  if (answer.outcome === 'refused') {
    return `${what}\n${sink.paint('red', 'Not counted:')} ${printable(answer.message)}`
  }
  const { state, workflows } = answer.value as ApprovalRequest
  const waits = workflows
    .filter(({ required, received }) => received < required)
    .map(({ name, required, received }) => `${name || 'owners'} ${received} of ${required}`)
  const others = state === 'pending' ? ` (${printable(waits.join(', '))})` : ''
  return `${what}  ${stateText(state, sink).trimEnd()}${others}`
}
