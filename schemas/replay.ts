import Type from 'typebox'
import { actions } from './action.ts'
import { callKinds } from './call-kind.ts'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'
import { Record } from './record.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })

const names = (description: string) => Type.Array(Type.String(), { maxItems: 64, description })

/**
 * Why a recorded call has no decision by other policies: it is never guessed. `redacted`: it hangs on a part that the
 * record does not show. `not_recorded`: on a fact that records do not hold. `session_unknown`: on what a session did
 * before the first record. `agent_unknown`: on the labels, kind or owner of an agent that is gone. `not_offered`: what
 * was called is offered by nobody, or by somebody else. `no_table`: there are no policies for its namespace.
 * `undecided`: nobody wrote down what had been decided. `malformed`: the line is no record.
 */
const unjudgedReasons = [
  'redacted',
  'not_recorded',
  'session_unknown',
  'agent_unknown',
  'not_offered',
  'no_table',
  'undecided',
  'malformed',
] as const
export type UnjudgedReason = (typeof unjudgedReasons)[number]

export const ReplayExample = closed(
  {
    proxy: Type.Optional(text('The proxy that recorded it.', 128)),
    seq: Type.Optional(Type.Integer({ description: 'Number of the entry at that proxy.' })),
    time: Type.Optional(instant('When the call was made.')),
    agent: Type.Optional(Type.String({ description: 'Agent that called.' })),
    session: Type.Optional(Type.String({ description: 'Session.' })),
    args: Type.Optional(
      Type.String({ maxLength: 1024, description: 'Arguments as the record shows them, cut.' }),
    ),
  },
  'A recorded call; what was not recorded is left out.',
)
export type ReplayExample = Frozen<Type.Static<typeof ReplayExample>>

const examples = Type.Array(ReplayExample, { maxItems: 3, description: 'The first of them.' })

export const ReplayChange = closed(
  {
    namespace: Record.properties.namespace,
    from: oneOf(actions, 'What was decided.'),
    to: oneOf(actions, 'What would be decided.'),
    kind: oneOf(callKinds, 'What was called.'),
    name: Type.String({ description: 'Tool, model, URI or prompt.' }),
    server: Type.Optional(text('ToolServer or ModelProvider.', 253)),
    reason: text('Why it would be decided so: reason code.', 64),
    policy: Type.Optional(text('Policy that would decide.', 512)),
    rule: Type.Optional(text('Rule that would decide.', 256)),
    at: Record.properties.at,
    asked: Type.Optional(names('Workflows that were asked.')),
    asks: Type.Optional(names('Workflows that would be asked.')),
    count: count('Calls.'),
    agents: Type.Array(Type.String(), { maxItems: 5, description: 'Some of the agents.' }),
    examples,
  },
  'Calls that would be decided differently, in one way and for one reason.',
)
export type ReplayChange = Frozen<Type.Static<typeof ReplayChange>>

export const ReplayLoad = closed(
  {
    user: text('User who is asked.', 512),
    before: Type.Number({ minimum: 0, description: 'Questions a day, as it was.' }),
    after: Type.Number({ minimum: 0, description: 'Questions a day, as it would be.' }),
    askedBefore: count('Questions in all, as it was.'),
    askedAfter: count('Questions in all, as it would be.'),
    days: Type.Number({ minimum: 0, description: 'Days that the records span, at least one.' }),
  },
  'How often a person is asked.',
)
export type ReplayLoad = Frozen<Type.Static<typeof ReplayLoad>>

export const ReplayMoney = closed(
  {
    namespace: Record.properties.namespace,
    budget: text('The Budget.', 253),
    counter: Type.String({ description: 'Whose counter; empty for the namespace.' }),
    unit: oneOf(['usd', 'tokens', 'calls'], 'Of the amounts; `usd` is whole micro-USD.'),
    window: Type.String({ description: 'Start of the window; empty for session and total.' }),
    limit: count('The limit.'),
    spent: count('What would have been charged.'),
    wouldStopAt: Type.Optional(instant('When it would have refused for the first time.')),
    refusedCalls: count('Calls that it would have refused.'),
    unservedMicroUsd: count('What those calls cost as they were made, micro-USD.'),
    partial: Type.Boolean({
      description:
        'Whether the window began before the records do, so that more may have been spent.',
    }),
  },
  'What one counter of one budget would have done in one window.',
)
export type ReplayMoney = Frozen<Type.Static<typeof ReplayMoney>>

export const ReplayBudget = closed(
  {
    namespace: Record.properties.namespace,
    budget: text('The Budget.', 253),
    unit: oneOf(['usd', 'tokens', 'calls'], 'Of the amounts; `usd` is whole micro-USD.'),
    limit: count('The limit.'),
    onExceeded: oneOf(['deny', 'require_approval'], 'What happens at the limit.'),
    windows: count('Windows of counters that were charged or would have refused.'),
    stopped: count('Those that would have refused a call.'),
    spent: count('What would have been charged in all of them.'),
    refusedCalls: count('Calls that it would have refused.'),
    unservedMicroUsd: count('What those calls cost as they were made, micro-USD.'),
    untested: count('Calls that nobody knows the amount of; they are charged nothing.'),
  },
  'What one budget would have done.',
)
export type ReplayBudget = Frozen<Type.Static<typeof ReplayBudget>>

/** What recorded calls would come to under other policies. */
export const Replay = closed(
  {
    from: Type.Optional(instant('Time of the first call; absent when there is none.')),
    to: Type.Optional(instant('Time of the last call.')),
    calls: count('Calls on record.'),
    unjudged: closed(
      {
        count: count('Calls that cannot be judged.'),
        reasons: Type.Array(
          closed(
            { reason: oneOf(unjudgedReasons, 'Why.'), count: count('Calls.'), examples },
            'Calls that cannot be judged for one reason.',
          ),
          { maxItems: unjudgedReasons.length, description: 'Most frequent first.' },
        ),
      },
      'Calls that cannot be judged from what was recorded, and are counted nowhere else.',
    ),
    changedCalls: count('Calls that would be decided differently.'),
    changed: Type.Array(ReplayChange, {
      maxItems: 1000,
      description:
        'What is loosened first, then most frequent first; rare ones beyond a thousand are left out.',
    }),
    approvals: Type.Array(ReplayLoad, {
      description: 'People who were or would be asked, most asked first.',
    }),
    budgets: Type.Array(ReplayBudget, { description: 'Every budget, by namespace and name.' }),
    money: Type.Array(ReplayMoney, {
      maxItems: 1000,
      description:
        'Windows in which a budget would have refused a call, the dearest first; at most a thousand.',
    }),
  },
  'What recorded calls would come to under other policies.',
)
export type Replay = Frozen<Type.Static<typeof Replay>>
