import Type from 'typebox'
import { approvalIdPattern, approvalStates } from './approval-state.ts'
import { callKinds } from './call-kind.ts'
import { counterFields } from './counter-fields.ts'
import { closed, type Frozen, instant, oneOf, resourceName, text } from './field.ts'

/** Through what a person, or a judge, answered. */
const surfaces = [
  'cli',
  'rest',
  'console',
  'link',
  'mail',
  'slack',
  'mattermost',
  'github',
  'kubernetes',
  'ai',
  'grant',
] as const
export type Surface = (typeof surfaces)[number]

const sha256 = (description: string) =>
  Type.String({ pattern: '^sha256:[0-9a-f]{64}$', description })

const approvalId = (description: string) => Type.String({ pattern: approvalIdPattern, description })

const Rule = closed(
  {
    policy: Type.Optional(text('Policy that asks.', 512)),
    rule: Type.Optional(text('Its rule.', 256)),
    message: Type.Optional(Type.String({ maxLength: 4096, description: 'What its author says.' })),
    file: Type.Optional(Type.String({ maxLength: 4096, description: 'Where it is written.' })),
    line: Type.Optional(Type.Integer({ minimum: 1, description: 'Line from 1.' })),
    commit: Type.Optional(text('Commit of the policy.', 64)),
  },
  'The rule that asks, as it was when it asked.',
)

/** By how much an approval extends which limit, until the window ends. */
export const BudgetExtension = closed(
  {
    budget: resourceName('The Budget.'),
    counter: counterFields.counter,
    window: counterFields.window,
    amount: Type.Integer({ minimum: 1, description: 'Micro-USD, tokens or calls to be added.' }),
    extended: Type.Integer({ minimum: 0, description: 'What approvals have added so far.' }),
  },
  'An extension of a budget.',
)
export type BudgetExtension = Frozen<Type.Static<typeof BudgetExtension>>

/** What a proxy asks the controller: may this one call be made? */
export const ApprovalQuestion = closed(
  {
    proxy: text('The proxy that asks.', 128),
    call: text('Id of the call in the records.', 64),
    digest: sha256(
      'SHA-256 of the canonical JSON (RFC 8785) of namespace, subject, server, tool, tool schema digest and arguments.',
    ),
    namespace: resourceName('Namespace of the caller.'),
    agent: text('Agent that calls.', 253),
    apiKey: text('Name of its key.', 128),
    keySha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of its key.' }),
    user: Type.Optional(text('Owner of the agent.', 253)),
    session: Type.Optional(text('Session; recorded and not part of the digest.', 256)),
    kind: oneOf(callKinds, 'What is called.'),
    server: Type.Optional(text('ToolServer; `builtin` for the tools of Writ.', 253)),
    name: text('Tool, URI, prompt or model, as the client named it.', 8192),
    schemaDigest: Type.Optional(sha256('SHA-256 of the canonical input schema of the tool.')),
    args: Type.Unknown({ description: 'Arguments, redacted, for people to read.' }),
    argsDigest: sha256('SHA-256 of the canonical arguments, unredacted.'),
    argDigests: Type.Optional(
      Type.Record(Type.String({ maxLength: 256 }), sha256('SHA-256.'), {
        maxProperties: 256,
        description:
          'For each argument the SHA-256 of the canonical JSON (RFC 8785) of [namespace, name, argument, value], unredacted; left out when a standing grant shall not be possible.',
      }),
    ),
    numbers: Type.Optional(
      Type.Record(Type.String({ maxLength: 256 }), Type.Number(), {
        maxProperties: 256,
        description: 'Arguments that are numbers and are no secrets.',
      }),
    ),
    justification: Type.Optional(
      Type.String({ maxLength: 4096, description: 'The reason the caller gave.' }),
    ),
    reason: text('Reason code of the decision.', 64),
    rule: Rule,
    /** Each must approve; an empty name means the owners of the namespace. */
    workflows: Type.Array(Type.String({ maxLength: 512 }), {
      minItems: 1,
      maxItems: 64,
      description: 'Workflows to ask; an empty name stands for the owners of the namespace.',
    }),
    table: sha256('Table under which it is asked.'),
    /** The digest is then that of the extension, so that everybody who waits for it asks the same. */
    extension: Type.Optional(BudgetExtension),
  },
  'A question about one call.',
)
export type ApprovalQuestion = Frozen<Type.Static<typeof ApprovalQuestion>>

export const ApprovalVote = closed(
  {
    user: text('Who decided: a User, or the model of a judge.', 512),
    decision: oneOf(['approve', 'deny'], 'What was decided.'),
    reason: Type.Optional(Type.String({ maxLength: 4096, description: 'Why.' })),
    surface: oneOf(surfaces, 'Through what.'),
    identity: text('Identity as that surface verified it.', 1024),
    teams: Type.Array(Type.String(), { description: 'Teams of the user at that moment.' }),
    workflows: Type.Array(Type.String(), { description: 'Workflows that the vote counts for.' }),
    at: instant('When.'),
  },
  'One answer of one person, or of a judge.',
)
export type ApprovalVote = Frozen<Type.Static<typeof ApprovalVote>>

export const ApprovalEvent = closed(
  {
    at: instant('When.'),
    type: oneOf(
      [
        'created',
        'notified',
        'notification_failed',
        'judged',
        'vote',
        'attempt_refused',
        'escalated',
        'reminded',
        'frozen',
        'thawed',
        'approved',
        'denied',
        'expired',
        'cancelled',
        'consumed',
        'void',
        'outcome',
        'granted',
        'grant_ended',
      ],
      'What happened.',
    ),
    by: Type.Optional(text('Who did it.', 512)),
    surface: Type.Optional(oneOf(surfaces, 'Through what.')),
    detail: Type.Optional(Type.String({ maxLength: 4096, description: 'More, for people.' })),
  },
  'One line of the history of a request.',
)
export type ApprovalEvent = Frozen<Type.Static<typeof ApprovalEvent>>

const Asked = closed(
  {
    name: Type.String({ description: 'Workflow; empty for the owners of the namespace.' }),
    required: Type.Integer({ minimum: 1, description: 'Approvals it needs.' }),
    received: Type.Integer({ minimum: 0, description: 'Approvals it has.' }),
    mayDecide: Type.Array(Type.String(), { description: 'Users who may decide now.' }),
    requireReason: Type.Boolean({ description: 'Whether a decision needs a reason.' }),
  },
  'A workflow that is asked, by the directory in force.',
)

/** A request as people and programs read it. */
export const ApprovalRequest = closed(
  {
    id: approvalId('Id.'),
    state: oneOf(approvalStates, 'Where it stands.'),
    namespace: resourceName('Namespace.'),
    digest: sha256('What is approved, and nothing else.'),
    agent: text('Agent that calls.', 253),
    apiKey: text('Name of its key.', 128),
    user: Type.Optional(text('Owner of the agent.', 253)),
    session: Type.Optional(text('Session.', 256)),
    kind: oneOf(callKinds, 'What is called.'),
    server: Type.Optional(text('ToolServer.', 253)),
    tool: text('Tool, URI, prompt or model.', 8192),
    args: Type.Unknown({ description: 'Arguments, redacted.' }),
    justification: Type.Optional(Type.String({ description: 'The reason the caller gave.' })),
    rule: Rule,
    workflow: Type.String({ description: 'The workflows that are asked, joined by commas.' }),
    workflows: Type.Array(Asked, { description: 'Who is asked.' }),
    table: sha256('Table under which it was asked.'),
    requestedAt: instant('When it was asked.'),
    expiresAt: instant('When silence becomes a refusal.'),
    escalatedAt: Type.Optional(instant('When others were added.')),
    resolvedAt: Type.Optional(instant('When it left `pending`.')),
    consumedAt: Type.Optional(instant('When the call was released.')),
    reason: Type.Optional(Type.String({ description: 'Why it was denied, cancelled or void.' })),
    votes: Type.Array(ApprovalVote, { description: 'Answers so far.' }),
    notifications: Type.Array(
      closed(
        {
          channel: text('Channel.', 512),
          state: oneOf(['waiting', 'sent', 'failed'], 'How it went; a failed one is given up.'),
          attempts: Type.Integer({ minimum: 0, description: 'Tries so far.' }),
          error: Type.Optional(Type.String({ description: 'What went wrong last.' })),
        },
        'How a channel was told.',
      ),
      { description: 'Where people were told.' },
    ),
  },
  'A question about one call, and its answers.',
)
export type ApprovalRequest = Frozen<Type.Static<typeof ApprovalRequest>>

/** What a proxy hears about a request: by the answer to its question and by the stream of changes. */
export const ApprovalNews = closed(
  {
    id: approvalId('Id.'),
    digest: sha256('What is approved.'),
    /** Only this caller may hear of it: another proxy, or this one once started anew, must know who asked. */
    asker: closed(
      {
        namespace: resourceName('Namespace.'),
        agent: text('Agent.', 253),
        keySha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of its key.' }),
      },
      'Who asked.',
    ),
    state: oneOf(approvalStates, 'Where it stands.'),
    expiresAt: instant('When silence becomes a refusal.'),
    required: Type.Integer({ minimum: 1, description: 'Approvals needed in all.' }),
    received: Type.Integer({ minimum: 0, description: 'Approvals received.' }),
    escalated: Type.Boolean({ description: 'Whether others were added.' }),
    /** Never a link that decides: the agent may read this. */
    reason: Type.Optional(Type.String({ description: 'Why it was denied, cancelled or void.' })),
    approvedBy: Type.Array(ApprovalVote, { description: 'Who approved, once it is approved.' }),
  },
  'The state of a request, for the proxy that waits.',
)
export type ApprovalNews = Frozen<Type.Static<typeof ApprovalNews>>

/** A proxy wants to make the approved call now; exactly one may. */
export const ApprovalClaim = closed(
  {
    proxy: text('The proxy that will make the call.', 128),
    call: text('Id of the call in the records.', 64),
    digest: sha256('Digest of the call as it is about to be made.'),
    /** The workflows that the decision by the table now in force asks for. */
    workflows: Type.Array(Type.String({ maxLength: 512 }), {
      maxItems: 64,
      description: 'Workflows that the table in force asks; each must have approved.',
    }),
    table: sha256('Table by which the call was judged again.'),
  },
  'A claim to the one use of an approval.',
)
export type ApprovalClaim = Frozen<Type.Static<typeof ApprovalClaim>>

/** Whether the claim was granted; `news` says how the request stands now. */
export const ApprovalClaimAnswer = closed(
  {
    granted: Type.Boolean({ description: 'Make the call, once; it is yours alone.' }),
    news: ApprovalNews,
  },
  'The answer to a claim.',
)
export type ApprovalClaimAnswer = Frozen<Type.Static<typeof ApprovalClaimAnswer>>
