import Type from 'typebox'
import { actions } from './action.ts'
import { ApprovalVote } from './approval.ts'
import { BudgetCharge } from './budget-lease.ts'
import { callKinds } from './call-kind.ts'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'
import { RecordFacts } from './record-facts.ts'
import { costSources, Usage, usageSources } from './usage.ts'

/** `collected`: the answer of an earlier call was handed over, and nothing was sent. */
export const outcomes = [
  'succeeded',
  'failed',
  'refused',
  'collected',
  'pending',
  'cancelled',
  'unknown',
] as const

const RecordedPlace = closed(
  {
    file: Type.String({ description: 'File, or namespace/name of the object.' }),
    line: Type.Integer({ minimum: 1, description: 'Line from 1.' }),
    column: Type.Integer({ minimum: 1, description: 'Column from 1.' }),
  },
  'Where the deciding rule was written.',
)

/** One line of the journal and one row of the ledger. Every judged call leaves two: attempt and outcome. */
export const Record = closed(
  {
    proxy: text('The proxy that wrote the entry.', 128),
    seq: Type.Integer({ minimum: 1, description: 'Number of the entry at that proxy, no gaps.' }),
    prev: Type.Optional(
      Type.String({
        pattern: '^[\\w-]{43}$',
        description: 'What the entry is chained to: all that its proxy wrote before it.',
      }),
    ),
    time: instant('When the entry was written.'),
    phase: oneOf(['attempt', 'outcome'], 'Before or after.'),
    call: text('Id shared by attempt and outcome of one call.', 64),
    namespace: text('Namespace of the caller.', 253),
    agent: Type.Optional(text('Agent that called.', 253)),
    apiKey: Type.Optional(text('Name of its key.', 128)),
    user: Type.Optional(text('Owner of the agent.', 253)),
    session: Type.Optional(text('Session.', 256)),
    clientCallId: Type.Optional(text("The client's own id of the call.", 256)),
    trace: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Trace that the call belongs to.' }),
    ),
    kind: oneOf(callKinds, 'What was called.'),
    server: Type.Optional(text('ToolServer.', 253)),
    tool: Type.Optional(text('Tool, as the client named it.', 8192)),
    model: Type.Optional(text('Model.', 256)),
    uri: Type.Optional(text('Resource.', 8192)),
    prompt: Type.Optional(text('Prompt.', 8192)),
    args: Type.Optional(Type.Unknown({ description: 'Arguments, redacted.' })),
    argsDigest: Type.Optional(text('SHA-256 of the canonical arguments, unredacted.', 80)),
    justification: Type.Optional(
      Type.String({ maxLength: 4096, description: 'The reason the caller gave.' }),
    ),
    action: oneOf(actions, 'What was decided.'),
    reason: text('Reason code.', 64),
    halt: Type.Optional(text('Halt that stood in the way.', 64)),
    policy: Type.Optional(text('Policy that decided.', 253)),
    rule: Type.Optional(text('Rule that decided.', 256)),
    message: Type.Optional(Type.String({ description: 'What the caller was told.' })),
    at: Type.Optional(RecordedPlace),
    commit: Type.Optional(text('Commit of the policy.', 64)),
    workflows: Type.Optional(
      Type.Array(Type.String(), { description: 'Workflows the call was sent to.' }),
    ),
    observed: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'What policies in observe mode would have said.' }),
    ),
    table: Type.Optional(text('Digest of the table that decided.', 80)),
    facts: Type.Optional(RecordFacts),
    approval: Type.Optional(
      text('Request for approval that the call waits for or was released by.', 64),
    ),
    approvedBy: Type.Optional(
      Type.Array(ApprovalVote, { description: 'Who approved it, where, when and why.' }),
    ),
    provider: Type.Optional(text('ModelProvider that was asked.', 253)),
    requestedModel: Type.Optional(text('Model as the client named it.', 256)),
    endpoint: Type.Optional(text('Path of the model API that the client called.', 256)),
    stream: Type.Optional(Type.Boolean({ description: 'Whether the answer was streamed.' })),
    usage: Type.Optional(Usage),
    usageSource: Type.Optional(oneOf(usageSources, 'Where the usage came from.')),
    costSource: Type.Optional(oneOf(costSources, 'Where the price came from.')),
    charges: Type.Optional(
      Type.Array(BudgetCharge, { maxItems: 256, description: 'What was charged to which budget.' }),
    ),
    softLimits: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 256,
        description: 'Budgets whose soft limit was passed; on attempts.',
      }),
    ),
    reservedMicroUsd: Type.Optional(Type.Integer({ description: 'Reserved, in micro-USD.' })),
    costMicroUsd: Type.Optional(Type.Integer({ description: 'Settled cost, in micro-USD.' })),
    status: Type.Optional(oneOf(outcomes, 'How the call ended; on outcomes.')),
    upstreamStatus: Type.Optional(Type.String({ description: 'What the upstream answered.' })),
    durationMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'Time at the upstream, ms.' }),
    ),
    resultDigest: Type.Optional(text('SHA-256 of the result.', 80)),
    resultBytes: Type.Optional(Type.Integer({ minimum: 0, description: 'Size of the result.' })),
    error: Type.Optional(Type.String({ description: 'What went wrong, without secrets.' })),
  },
  'An entry: attempt or outcome of a judged call.',
)
export type Record = Frozen<Type.Static<typeof Record>>
