import Type from 'typebox'
import { actions } from './action.ts'
import { ApprovalVote } from './approval.ts'
import { closed, type Frozen, instant, oneOf } from './field.ts'
import { Record } from './record.ts'
import { CommitReview } from './review.ts'

const string = (description: string) => Type.String({ description })
const maybe = (description: string) => Type.Optional(string(description))
const count = (description: string) => Type.Integer({ minimum: 0, description })
const orNull = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

const Place = closed(
  {
    file: string('File, or namespace/name of the object.'),
    line: Type.Integer({ description: 'Line from 1.' }),
    column: Type.Integer({ description: 'Column from 1.' }),
  },
  'Where it is written.',
)

const Rule = closed(
  {
    rule: string('Name.'),
    at: Place,
    outcome: oneOf(
      ['matched', 'not_matched', 'error', 'not_reached', 'unknown'],
      'What it came to.',
    ),
    condition: maybe('Its condition, as it is written.'),
    error: maybe('Why the condition could not be evaluated.'),
    unknown: maybe('Why that is not known on which it hangs.'),
    parts: Type.Array(
      closed({ text: string('Part.'), value: string('What it was.') }, 'A part of the condition.'),
      { description: 'What parts of the condition came to, outermost first.' },
    ),
  },
  'A rule that was looked at.',
)

const Policy = closed(
  {
    policy: string('Name.'),
    mode: oneOf(['enforce', 'observe'], 'Mode.'),
    at: Place,
    entry: orNull(
      closed({ match: string('Names.'), at: Place }, 'An entry.'),
      'The entry that spoke; null when none matched.',
    ),
    verdict: oneOf([...actions, 'abstain', 'unknown'], 'What it said.'),
    reason: orNull(Type.String(), 'Reason code; null when what it said is not known.'),
    rules: Type.Array(Rule, { description: 'Rules of the entry, in order.' }),
  },
  'A policy that concerned the caller.',
)

const { reason, policy, rule, message, at, commit, workflows } = Record.properties

const Decision = closed(
  {
    action: oneOf(actions, 'What is decided.'),
    ...{ reason, policy, rule, message, at, commit, workflows },
    observed: Type.Array(Type.Unknown(), {
      description: 'What policies in observe mode would have said.',
    }),
    table: string('Digest of the table; empty where there is none.'),
  },
  'A decision.',
)

const Version = closed(
  {
    table: string('Digest of the rule table.'),
    release: Type.Optional(Type.Integer({ description: 'Number of the version.' })),
    from: Type.Optional(instant('When it came into force.')),
    commit: maybe('Commit that it was compiled from.'),
    author: maybe('Who wrote the commit, as it says itself.'),
    subject: maybe('First line of its message.'),
    review: Type.Optional(CommitReview),
    overrides: Type.Optional(
      Type.Array(Type.String(), { description: 'Ids of the overrides that are in it.' }),
    ),
    compiled: Type.Optional(
      Type.Boolean({
        description: 'Whether it was never in force, and was compiled from its files to be asked.',
      }),
    ),
  },
  'A version of the policies.',
)

const again = {
  version: Version,
  decision: orNull(
    Decision,
    'What it says; null when that hangs on a part of the call that nobody knows any more.',
  ),
  unknown: orNull(
    Type.String(),
    'Why a part of the call is not known that was read: a reason code of replays; null when everything was known.',
  ),
  trace: Type.Array(Policy, { description: 'What was looked at, in the order of names.' }),
}

/** What the table that decided says to the call once more. */
const Then = closed(
  {
    ...again,
    agreement: oneOf(
      ['equal', 'same_action', 'not_known', 'different', 'not_kept', 'no_table'],
      'How that goes with the record: equal in every part; the same is done, whatever the unknown parts were; it hangs on unknown parts; different; the table is not kept any more; no table had decided.',
    ),
  },
  'By the table that decided.',
)

const Otherwise = closed(
  {
    ...again,
    changes: orNull(
      Type.Boolean(),
      'Whether something else would be done, or other people asked; null when that is not known.',
    ),
  },
  'By the version that was asked about.',
)

const amount = (description: string) => orNull(Type.Integer(), description)

/** A counter of a budget at the moment of a call. */
const BudgetThen = closed(
  {
    budget: string('Name.'),
    counter: string('Whose counter; empty for the namespace.'),
    window: orNull(Type.String(), 'When the window began; empty for session and total.'),
    unit: string('usd, tokens or calls.'),
    limit: count('The limit of the table: micro-USD, tokens or calls.'),
    extended: count('What approvals have added to the limit by now.'),
    spent: amount(
      'What was settled before the call, as far as the ledger has it; null when nobody knows.',
    ),
    reserved: amount('What calls in flight had set aside, as far as the ledger has them.'),
    held: amount('What was set aside for this call; null for nothing.'),
    charged: amount('What this call was charged; null for nothing.'),
    softLimitPassed: Type.Boolean({ description: 'Whether it passed the soft limit.' }),
    refused: Type.Boolean({ description: 'Whether it was this budget that did not pay.' }),
  },
  'A counter that the call is charged to, as it was then.',
)

const ApprovalThen = closed(
  {
    id: string('The request.'),
    state: maybe('Where it stands now; left out when it is not kept.'),
    stateThen: maybe('Where it stood when the call had ended.'),
    workflows: Type.Array(Type.String(), { description: 'Workflows that were asked.' }),
    requestedAt: Type.Optional(instant('When people were asked.')),
    expiresAt: Type.Optional(instant('Until when they could answer.')),
    resolvedAt: Type.Optional(instant('When it was decided.')),
    grant: maybe('The standing grant by which it was approved.'),
    reason: maybe('Why it was denied, cancelled or void.'),
    votes: Type.Array(ApprovalVote, { description: 'Answers up to then, oldest first.' }),
  },
  'What people had been asked and had answered.',
)

/** Why a recorded call was decided as it was, as of then; and what another version would have said. */
export const CallExplanation = closed(
  {
    attempt: Type.Unsafe<Record>({ ...Record, description: 'The call, as its proxy wrote it.' }),
    outcome: orNull(
      Type.Unsafe<Record>({ ...Record, description: 'How it ended.' }),
      'How it ended; null when the ledger does not have that.',
    ),
    others: Type.Array(Type.String(), {
      description: 'Further attempts of the same call, as proxy:seq, oldest first.',
    }),
    obstacle: orNull(
      closed(
        { reason: string('Reason code.'), text: maybe('What the caller was told.') },
        'What stood in the way.',
      ),
      'What refused the call although the policies had let it through; null for nothing.',
    ),
    decided: Then,
    at: Type.Optional(Otherwise),
    budgets: Type.Array(BudgetThen, { description: 'Budgets that concerned it, by name.' }),
    approval: orNull(ApprovalThen, 'What people said; null when nobody was asked.'),
  },
  'An explanation of a recorded call.',
)
export type CallExplanation = Frozen<Type.Static<typeof CallExplanation>>
