import Type from 'typebox'
import { approvalStates } from './approval-state.ts'
import { callKinds } from './call-kind.ts'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'
import type { Kind } from './resource.ts'

/** Longest text of arguments that an object holds; the whole is where the digest is. */
export const mostArgs = 16_384

/** Answers that an object takes, of everybody together; those that count are at most ten per workflow. */
const mostDecisions = 256

const name = (description: string) => Type.String({ maxLength: 253, description })

const AskedWorkflow = closed(
  {
    namespace: name('Namespace of the workflow.'),
    name: name('The ApprovalWorkflow; empty for the owners of the namespace.'),
  },
  'A workflow that is asked.',
)

export const ApprovalRequestSpec = closed(
  {
    digest: Type.String({
      pattern: '^sha256:[0-9a-f]{64}$',
      maxLength: 71,
      description: 'What is approved, and nothing else.',
    }),
    agent: text('Agent that calls.', 253),
    apiKey: text('Name of its key.', 128),
    owner: Type.Optional(text('Owner of the agent.', 253)),
    kind: oneOf(callKinds, 'What is called.'),
    server: Type.Optional(text('ToolServer.', 253)),
    tool: text('Tool, URI, prompt or model; cut where it is long.', 512),
    args: Type.String({
      maxLength: mostArgs,
      description: 'Arguments as JSON, redacted; cut where they are long.',
    }),
    justification: Type.Optional(text('The reason the caller gave.', 4096)),
    workflow: Type.String({
      maxLength: 1024,
      description:
        'The workflows that are asked, joined by commas; `(owners)` for the owners of the namespace.',
    }),
    workflows: Type.Array(AskedWorkflow, {
      maxItems: 64,
      description: 'Who is asked; all must approve.',
    }),
    rule: closed(
      {
        policy: Type.Optional(text('Policy that asks.', 512)),
        rule: Type.Optional(text('Its rule.', 256)),
        message: Type.Optional(text('What its author says.', 4096)),
        file: Type.Optional(text('Where it is written.', 1024)),
        line: Type.Optional(Type.Integer({ minimum: 1, description: 'Line from 1.' })),
        commit: Type.Optional(text('Commit or generation of the policy.', 64)),
      },
      'The rule that asks.',
    ),
    requestedAt: instant('When it was asked.'),
    expiresAt: instant('When silence becomes a refusal.'),
  },
  'The question. The controller writes it once; nobody changes it.',
)
export type ApprovalRequestSpec = Frozen<Type.Static<typeof ApprovalRequestSpec>>

/** What became of a decision: `counted`, or why it changed nothing. */
export const decisionOutcomes = [
  'counted',
  'unknown_request',
  'not_an_approver',
  'own_agent',
  'already_voted',
  'reason_required',
  'already_resolved',
  'expired',
  'grant_unusable',
  'unguarded',
] as const
export type DecisionOutcome = (typeof decisionOutcomes)[number]

const Decision = closed(
  {
    by: text('Who decides: the user name by which the API server knows that person.', 512),
    decision: oneOf(['approve', 'deny'], 'What is decided.'),
    reason: Type.Optional(text('Why, for the record and for the agent.', 4096)),
    at: Type.Optional(instant('When the controller answered; written by it.')),
    outcome: Type.Optional(
      oneOf(decisionOutcomes, '`counted`, or why it changed nothing; written by the controller.'),
    ),
    message: Type.Optional(text('The outcome in a sentence; written by the controller.')),
  },
  'An answer of one person.',
)
export type ApprovalDecision = Frozen<Type.Static<typeof Decision>>

const Vote = closed(
  {
    user: text('The User, or the model of a judge.', 512),
    decision: oneOf(['approve', 'deny'], 'What was decided.'),
    reason: Type.Optional(text('Why.', 4096)),
    surface: text('Through what.', 64),
    at: instant('When.'),
  },
  'An answer that counts, wherever it was given.',
)

const Panel = closed(
  {
    name: name('The workflow; empty for the owners of the namespace.'),
    required: Type.Integer({ minimum: 1, description: 'Approvals it needs.' }),
    received: Type.Integer({ minimum: 0, description: 'Approvals it has.' }),
    mayDecide: Type.Array(text('A User.', 512), {
      maxItems: 64,
      description: 'Users who may decide now; the first 64.',
    }),
    requireReason: Type.Boolean({ description: 'Whether a decision needs a reason.' }),
  },
  'A workflow, and how far it is.',
)

export const ApprovalRequestStatus = Type.Object(
  {
    state: oneOf(approvalStates, 'Where it stands.', { default: 'pending' }),
    decisions: Type.Array(Decision, {
      maxItems: mostDecisions,
      default: [],
      description: 'Answers of people who use kubectl: add yours at the end.',
    }),
    votes: Type.Optional(
      Type.Array(Vote, { maxItems: mostDecisions, description: 'Answers that count.' }),
    ),
    workflows: Type.Optional(
      Type.Array(Panel, { maxItems: 64, description: 'How far each workflow is.' }),
    ),
    resolvedAt: Type.Optional(instant('When it left `pending`.')),
    consumedAt: Type.Optional(instant('When the call was released.')),
    reason: Type.Optional(text('Why it was denied, cancelled or void.', 4096)),
  },
  {
    additionalProperties: false,
    default: { state: 'pending', decisions: [] },
    description: 'How it stands. People add decisions; the controller writes everything else.',
  },
)
export type ApprovalRequestStatus = Frozen<Type.Static<typeof ApprovalRequestStatus>>

/** The mirror of a question in the Kubernetes API; never read from files. */
export const ApprovalRequest = {
  kind: 'ApprovalRequest',
  plural: 'approvalrequests',
  shortNames: ['apr'],
  description: 'A question about one call. The controller writes it; people add their decision.',
  spec: ApprovalRequestSpec,
  status: ApprovalRequestStatus,
  served: true,
  columns: [
    { name: 'State', type: 'string', jsonPath: '.status.state' },
    { name: 'Agent', type: 'string', jsonPath: '.spec.agent' },
    { name: 'Tool', type: 'string', jsonPath: '.spec.tool' },
    { name: 'Workflow', type: 'string', jsonPath: '.spec.workflow' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
  ],
} satisfies Kind
