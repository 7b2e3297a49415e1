import { timeLeft } from '../../controller/api/pages/time-left.ts'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { ApprovalState } from '../../schemas/approval-state.ts'
import { printable, type Sink, type Style } from '../terminal.ts'

/** A request as `writ approvals list -o json` prints it. */
export function requestRow(request: ApprovalRequest) {
  const { id, state, tool, server, args, workflow, requestedAt, expiresAt, votes } = request
  return { id, state, tool, server: server ?? null, args, workflow, requestedAt, expiresAt, votes }
}

const styles: Readonly<Record<ApprovalState, Style>> = {
  pending: 'yellow',
  approved: 'green',
  consumed: 'green',
  denied: 'red',
  expired: 'red',
  cancelled: 'dim',
  void: 'dim',
}

/** The state with its colour. */
export function stateText(state: ApprovalState, sink: Sink): string {
  return sink.paint(styles[state], state.padEnd(9))
}

/** What is called, where, as one word. */
export function targetOf({ server, tool }: Pick<ApprovalRequest, 'server' | 'tool'>): string {
  return printable(server === undefined ? tool : `${server}/${tool}`).slice(0, 200)
}

/** A request as one line: id, state, who, what, how many approvals, how long still. */
export function requestText(request: ApprovalRequest, now: number, sink: Sink): string {
  const { id, state, agent, namespace, workflow, expiresAt } = request
  const left = Date.parse(expiresAt) - now
  const time = state === 'pending' ? `${timeLeft(left)} left` : (request.resolvedAt ?? '')
  return [
    sink.paint('bold', id),
    stateText(state, sink),
    `${printable(namespace)}/${printable(agent)}`,
    sink.paint('bold', targetOf(request)),
    `${printable(workflow) || 'owners'} ${approvalsText(request)}`,
    sink.paint('dim', time),
  ].join('  ')
}

function approvalsText({ workflows }: ApprovalRequest): string {
  return workflows.map(({ required, received }) => `${received}/${required}`).join(',')
}
