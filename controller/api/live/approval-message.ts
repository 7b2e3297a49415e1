import type { ApprovalEvent, ApprovalRequest } from '../../../schemas/approval.ts'
import type { ApprovalChange, Approvals } from '../../approvals/approvals.ts'
import type { LiveMessage } from './topic-log.ts'

/** Messages have the names that programs for such sockets know, where there is one. */
const typeOf: { readonly [Type in ApprovalEvent['type']]?: string } = {
  denied: 'declined',
  vote: 'vote_received',
}

/** Longest arguments that a message carries, as characters of JSON; longer ones are read from the request. */
const mostArgs = 16_384

/** A change of a request, with what people need to know about it. */
export function approvalMessage(
  change: ApprovalChange,
  approvals: Pick<Approvals, 'get'>,
): LiveMessage {
  const { id, namespace, event, state } = change
  return {
    namespace,
    weight: mostArgs / 4,
    content: async () => {
      const request = await approvals.get(id)
      return {
        type: `approval_${typeOf[event.type] ?? event.type}`,
        timestamp: event.at,
        namespace,
        approval_request_id: id,
        status: state,
        event,
        ...(request && detailsOf(request)),
      }
    },
  }
}

function detailsOf(request: ApprovalRequest) {
  const { agent, server, tool, args, justification, rule, workflow, workflows } = request
  const short = (JSON.stringify(args) ?? '').length <= mostArgs
  return {
    tool_name: tool,
    server: server ?? null,
    tool_args: short ? args : null,
    tool_args_omitted: !short,
    agent_reasoning: justification ?? null,
    managed_agent_name: agent,
    rule_context: rule,
    approval_workflow: workflow,
    approvals_required: workflows.reduce((sum, { required }) => sum + required, 0),
    approvals_received: workflows.reduce((sum, { received }) => sum + received, 0),
    requested_at: request.requestedAt,
    resolved_at: request.resolvedAt ?? null,
    expires_at: request.expiresAt,
  }
}
