import type { ApprovalRequest } from '../../../schemas/approval.ts'
import {
  type ApprovalDecision,
  type ApprovalRequestSpec,
  type ApprovalRequestStatus,
  mostArgs,
} from '../../../schemas/approval-request.ts'
import type { ApprovalState } from '../../../schemas/approval-state.ts'
import { apiVersion } from '../../../schemas/resource.ts'
import { cut, printable } from '../../channels/printable.ts'

const final: readonly ApprovalState[] = ['denied', 'expired', 'cancelled', 'consumed', 'void']

/** Whether nothing becomes of a request any more. */
export function isFinal(state: ApprovalState): boolean {
  return final.includes(state)
}

/** The object of a request, as it is when nobody has answered. */
export function requestObject(request: ApprovalRequest): object {
  const { id: name, namespace } = request
  return {
    apiVersion,
    kind: 'ApprovalRequest',
    metadata: { name, namespace },
    spec: specOf(request),
  }
}

function specOf(request: ApprovalRequest): ApprovalRequestSpec {
  const { namespace, agent, apiKey, user, kind, server, rule, workflows } = request
  return {
    digest: request.digest,
    ...{ agent, apiKey },
    ...(user !== undefined && { owner: user }),
    kind,
    ...(server !== undefined && { server }),
    tool: shown(request.tool, 512),
    args: shown(JSON.stringify(request.args, null, 2) ?? 'null', mostArgs),
    ...optional('justification', request.justification, 4096),
    workflow: cut(workflows.map(({ name }) => name || '(owners)').join(','), 1024),
    workflows: workflows.map(({ name }) => placeOf(name, namespace)),
    rule: {
      ...optional('policy', rule.policy, 512),
      ...optional('rule', rule.rule, 256),
      ...optional('message', rule.message, 4096),
      ...optional('file', rule.file, 1024),
      ...(rule.line !== undefined && { line: rule.line }),
      ...optional('commit', rule.commit, 64),
    },
    requestedAt: request.requestedAt,
    expiresAt: request.expiresAt,
  }
}

/** What the system namespace lends is asked by `namespace/name`. */
function placeOf(asked: string, home: string): ApprovalRequestSpec['workflows'][number] {
  const slash = asked.indexOf('/')
  if (slash < 0) return { namespace: home, name: asked }
  return { namespace: asked.slice(0, slash), name: asked.slice(slash + 1) }
}

/** A status, with the condition by which `kubectl wait` knows that people are done. */
export type MirroredStatus = ApprovalRequestStatus & { readonly conditions: readonly Condition[] }

interface Condition {
  readonly type: 'Resolved'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

/** How a request stands, and the decisions that were added to its object. */
export function statusOf(
  request: ApprovalRequest,
  decisions: readonly ApprovalDecision[],
): MirroredStatus {
  const { state, votes, workflows, resolvedAt, consumedAt } = request
  return {
    state,
    decisions,
    votes: votes.map(({ user, decision, reason, surface, at }) => ({
      user,
      decision,
      ...optional('reason', reason, 4096),
      surface,
      at,
    })),
    workflows: workflows.map(({ mayDecide, ...panel }) => ({
      ...panel,
      mayDecide: mayDecide.slice(0, 64),
    })),
    ...(resolvedAt !== undefined && { resolvedAt }),
    ...(consumedAt !== undefined && { consumedAt }),
    ...optional('reason', request.reason, 4096),
    conditions: [resolved(request)],
  }
}

function resolved({ state, requestedAt, resolvedAt, reason }: ApprovalRequest): Condition {
  const why = reason ? `${sentences[state]} ${shown(reason, 4096)}` : sentences[state]
  return {
    type: 'Resolved',
    status: state === 'pending' ? 'False' : 'True',
    reason: `${state.charAt(0).toUpperCase()}${state.slice(1)}`,
    message: why,
    lastTransitionTime: resolvedAt ?? requestedAt,
  }
}

const sentences: Readonly<Record<ApprovalState, string>> = {
  pending: 'People have not decided yet.',
  approved: 'The call may be made, once.',
  denied: 'The call is refused.',
  expired: 'Nobody decided in time.',
  cancelled: 'The question was taken back.',
  consumed: 'The call was released.',
  void: 'What was asked about is no longer so.',
}

function optional<const Name extends string>(
  name: Name,
  text: string | undefined,
  most: number,
): { readonly [name in Name]?: string } {
  if (text === undefined || text === '') return {}
  return { [name]: shown(text, most) } as { readonly [name in Name]: string }
}

/** Agents choose these words: what does not show, or changes how its surroundings show, is written as an escape. */
function shown(text: string, most: number): string {
  return cut(printable(cut(text, most)), most)
}
