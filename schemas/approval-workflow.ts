import Type from 'typebox'
import { closed, duration, type Frozen, oneOf, references, resourceName, text } from './field.ts'
import type { Kind } from './resource.ts'

function people(description: string) {
  return closed(
    {
      users: Type.Optional(references('Users.')),
      teams: Type.Optional(references('Teams; their members count.')),
    },
    description,
  )
}

export const ApprovalWorkflowSpec = closed(
  {
    description: Type.Optional(text('When this workflow is used, in a sentence.', 4096)),
    approvers: Type.Optional(people('Who may approve; the owners of the namespace when omitted.')),
    approvalsRequired: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10,
        default: 1,
        description: 'How many distinct people must approve.',
      }),
    ),
    timeout: Type.Optional(duration('How long the question stays open: 30s to 30d.', '5m')),
    inlineWait: Type.Optional(duration('How long the call is held before it is parked.', '25s')),
    mode: Type.Optional(
      oneOf(['wait', 'async'], '`async` parks the call at once.', { default: 'wait' }),
    ),
    requireReason: Type.Optional(
      Type.Boolean({ default: false, description: 'Deciding needs a reason.' }),
    ),
    separationOfDuties: Type.Optional(
      Type.Boolean({ default: true, description: 'Owners never decide for their own agent.' }),
    ),
    escalation: Type.Optional(
      closed(
        {
          after: duration('When others are added, counted from the question.'),
          to: people('Who is added.'),
        },
        'Who may decide as well once time has passed.',
      ),
    ),
    reminders: Type.Optional(
      Type.Array(duration('When to remind, counted from the question.'), {
        maxItems: 10,
        description: 'When the people asked are reminded.',
      }),
    ),
    channels: Type.Optional(references('NotificationChannels where people are told.')),
    ai: Type.Optional(
      closed(
        {
          model: text('Model that judges first.', 256),
          guidelines: Type.Optional(text('Instructions to the judge.', 16384)),
          context: Type.Optional(Type.Unknown({ description: 'Facts for the judge.' })),
          confidenceThreshold: Type.Optional(
            Type.Number({
              minimum: 0,
              maximum: 1,
              default: 0.8,
              description: 'Least confidence at which its answer counts.',
            }),
          ),
          onUncertain: Type.Optional(
            oneOf(
              ['escalate', 'deny', 'approve'],
              'What an uncertain or failed judge means; `approve` only in words.',
              { default: 'escalate' },
            ),
          ),
          escalateTo: Type.Optional(
            resourceName('ApprovalWorkflow for people when the judge escalates.'),
          ),
        },
        'A model that judges before people are asked.',
      ),
    ),
  },
  'Who may approve, how many, how long, what then, and where they are asked.',
)
export type ApprovalWorkflowSpec = Frozen<Type.Static<typeof ApprovalWorkflowSpec>>

export const ApprovalWorkflow = {
  kind: 'ApprovalWorkflow',
  plural: 'approvalworkflows',
  shortNames: ['aw'],
  description: 'How a question about a call is asked and answered.',
  spec: ApprovalWorkflowSpec,
  served: true,
  columns: [
    { name: 'Approvals', type: 'integer', jsonPath: '.spec.approvalsRequired' },
    { name: 'Timeout', type: 'string', jsonPath: '.spec.timeout' },
  ],
} satisfies Kind
