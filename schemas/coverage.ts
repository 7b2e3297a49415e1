import Type from 'typebox'
import { actions } from './action.ts'
import { callKinds } from './call-kind.ts'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'
import { Record } from './record.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })
const name = (description: string) => Type.String({ description })
const namespace = Record.properties.namespace
const milliseconds = (description: string) => Type.Optional(Type.Number({ description }))

/** How calls were decided, alike. */
const CoverageDecision = closed(
  {
    action: oneOf(actions, 'What was decided.'),
    reason: text('Reason code.', 64),
    policy: Type.Optional(name('Policy that decided.')),
    rule: Type.Optional(name('Rule that decided.')),
    calls: count('Calls.'),
  },
  'Calls that were decided in one way.',
)

/**
 * Why nothing names what is used. `unnamed`: no entry of an enforcing policy matches it. `catch_all`: only entries that
 * match everything do. `default_decided`: an entry names it, and yet calls were decided by a default.
 */
const unruledWhys = ['unnamed', 'catch_all', 'default_decided'] as const
export type UnruledWhy = (typeof unruledWhys)[number]

const Unruled = closed(
  {
    namespace,
    kind: oneOf(callKinds, 'What was called.'),
    server: Type.Optional(name('ToolServer.')),
    name: name('Tool, model, URI or prompt.'),
    why: oneOf(unruledWhys, 'Why no rule names it.'),
    calls: count('Calls in this time.'),
    defaultCalls: count('Those that a default decided, or that no policy was for.'),
    lastAt: instant('When it was called last.'),
    agents: Type.Array(Type.String(), { maxItems: 8, description: 'Agents that called it.' }),
    moreAgents: Type.Boolean({ description: 'Whether there are more of them.' }),
    decisions: Type.Array(CoverageDecision, {
      maxItems: 5,
      description: 'How the calls were decided, the most frequent first.',
    }),
  },
  'Something that is used and that no rule names.',
)
export type Unruled = Frozen<Type.Static<typeof Unruled>>

/**
 * Why a rule decided nothing. `never_called`: nothing that its entry matches was called. `other_callers`: it was, by
 * callers whom the policy is not about. `disabled`: the entry is. `earlier_entry`: for all that was called, another entry
 * of the policy speaks first. `earlier_rule`: an earlier rule of the entry always came first. `outweighed`: something
 * stricter always decided, so nobody knows whether its condition held. `condition_false`: for some calls at least it is
 * certain that its condition did not hold, and for none that it did. `condition_error`: its condition could never be
 * evaluated.
 */
const silentWhys = [
  'never_called',
  'other_callers',
  'disabled',
  'earlier_entry',
  'earlier_rule',
  'outweighed',
  'condition_false',
  'condition_error',
] as const
export type SilentWhy = (typeof silentWhys)[number]

const SilentRule = closed(
  {
    namespace,
    policy: name('The policy.'),
    rule: name('The rule.'),
    kind: oneOf(callKinds, 'What its entry is about.'),
    match: name('Name, URI or glob of its entry.'),
    server: Type.Optional(name('ToolServer of its entry.')),
    action: oneOf(actions, 'What it would decide.'),
    mode: oneOf(['enforce', 'observe'], 'Of the policy.'),
    at: Record.properties.at,
    since: instant('From when on it is known that it decided nothing.'),
    why: oneOf(silentWhys, 'Why, as far as records tell.'),
    calls: count('Calls in this time of what its entry matches, where that was called since then.'),
    by: Type.Optional(
      name('What decided instead: a policy and a rule, a reason, or the entry that speaks first.'),
    ),
  },
  'A rule in force that decided nothing.',
)
export type SilentRule = Frozen<Type.Static<typeof SilentRule>>

const waits = {
  medianMs: milliseconds('Half of the answers came within this time.'),
  p95Ms: milliseconds('95 of 100 answers came within this time.'),
}

const WorkflowLoad = closed(
  {
    namespace,
    workflow: Type.String({ description: 'ApprovalWorkflow; empty for the owners.' }),
    asked: count('Questions; those that a standing grant answered are not among them.'),
    approved: count('Those that were approved.'),
    denied: count('Those that were denied.'),
    expired: count('Those whose time ran out.'),
    unanswered: count('Those whose time ran out without any answer.'),
    pending: count('Those that are open.'),
    ...waits,
  },
  'What one workflow was asked, and when it was decided.',
)

const ApproverLoad = closed(
  {
    namespace,
    user: name('The User.'),
    asked: count('Questions that they could answer, as the people in force are now.'),
    answered: count('Those that they answered.'),
    unanswered: count('Those whose time ran out without an answer by anybody.'),
    ...waits,
    workflows: Type.Array(Type.String(), {
      description: 'Workflows that asked them; empty for the owners.',
    }),
  },
  'What one person was asked, and how soon they answered.',
)
export type ApproverLoad = Frozen<Type.Static<typeof ApproverLoad>>

const list = <T extends Type.TSchema>(item: T, description: string) =>
  Type.Array(item, { maxItems: 500, description })

/** What the records say about the policies in force. */
export const Coverage = closed(
  {
    since: instant('The time that is looked at begins here.'),
    until: instant('It ends here.'),
    namespaces: Type.Array(
      closed(
        {
          namespace,
          recordedSince: Type.Optional(
            instant('When the first call was counted; absent when none was.'),
          ),
          observedSince: Type.Optional(
            instant('The same of policies in observe mode, where it is later.'),
          ),
          calls: count('Calls in this time.'),
          uncountedNames: count(
            'Calls of names beyond the bound of a day: they count for rules, and for no name.',
          ),
          rules: count('Rules in force.'),
          firedRules: count('Those that decided a call.'),
        },
        'A namespace that is looked at.',
      ),
      { description: 'By name.' },
    ),
    otherNamespaces: count('Namespaces that were not looked at, as there are too many.'),
    unruled: closed(
      { count: count('How many there are.'), items: list(Unruled, 'What was let through first.') },
      'What is used without a rule that names it.',
    ),
    silent: closed(
      { count: count('How many there are.'), items: list(SilentRule, 'By policy, as written.') },
      'Rules in force that decided nothing.',
    ),
    approvals: closed(
      {
        complete: Type.Boolean({
          description: 'False when only the newest of very many questions were counted.',
        }),
        workflows: list(WorkflowLoad, 'The most asked first.'),
        people: list(ApproverLoad, 'The most asked first.'),
      },
      'Who was asked what, and who answered.',
    ),
  },
  'Which rules are used, what is used without a rule, and who answers questions.',
)
export type Coverage = Frozen<Type.Static<typeof Coverage>>
