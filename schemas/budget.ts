import Type from 'typebox'
import { closed, type Frozen, glob, oneOf, resourceName, text, usd } from './field.ts'
import type { Kind } from './resource.ts'

function globs(description: string) {
  return Type.Optional(
    Type.Array(glob('Name or glob.'), { minItems: 1, maxItems: 256, description }),
  )
}

function amounts() {
  return {
    usd: Type.Optional(usd('Money, for example "25.00".')),
    tokens: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens, in and out.' })),
    calls: Type.Optional(Type.Integer({ minimum: 1, description: 'Calls.' })),
  }
}

export const BudgetSpec = closed(
  {
    scope: Type.Optional(
      closed(
        {
          agents: globs('Agents.'),
          apiKeys: globs('API keys.'),
          users: globs('Users who own the agents.'),
          teams: globs('Teams of those users.'),
          flows: globs('Flows.'),
          models: globs('Models.'),
          tools: globs('Tools.'),
        },
        'What counts against the budget; everything in the namespace when omitted.',
      ),
    ),
    per: Type.Optional(
      oneOf(
        ['namespace', 'agent', 'apiKey', 'user', 'team', 'flow', 'session', 'model', 'tool'],
        'One counter for the whole, or one for each.',
        { default: 'namespace' },
      ),
    ),
    limit: closed(amounts(), 'The limit: exactly one of usd, tokens, calls.'),
    window: oneOf(
      ['hour', 'day', 'week', 'month', 'session', 'total'],
      'When the counter starts again.',
    ),
    timeZone: Type.Optional(text('IANA time zone in which windows begin; UTC when omitted.', 64)),
    softLimitPercent: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 99, description: 'Where people are told.' }),
    ),
    onExceeded: Type.Optional(
      oneOf(['deny', 'require_approval'], 'What happens at the limit.', { default: 'deny' }),
    ),
    approvalWorkflow: Type.Optional(
      resourceName('ApprovalWorkflow that may extend the budget; for require_approval.'),
    ),
    extension: Type.Optional(
      closed(
        amounts(),
        'By how much one approval extends the limit until the window ends; in the unit of the limit. For require_approval.',
      ),
    ),
    fallbackPrice: Type.Optional(
      closed(
        {
          input: usd('USD per million input tokens.'),
          output: usd('USD per million output tokens.'),
        },
        'Price of models whose price is not known; without it they are refused.',
      ),
    ),
    toolPrices: Type.Optional(
      Type.Array(
        closed({ tool: glob('Tool name or glob.'), usd: usd('USD per call.') }, 'Price of a tool.'),
        { maxItems: 1024, description: 'What calls of tools cost.' },
      ),
    ),
  },
  'How much money, how many tokens or calls, per whom, per window, and what happens then.',
)
export type BudgetSpec = Frozen<Type.Static<typeof BudgetSpec>>

export const Budget = {
  kind: 'Budget',
  plural: 'budgets',
  shortNames: [],
  description: 'A limit on money, tokens or calls that holds.',
  spec: BudgetSpec,
  served: true,
  columns: [
    { name: 'Per', type: 'string', jsonPath: '.spec.per' },
    { name: 'USD', type: 'string', jsonPath: '.spec.limit.usd' },
    { name: 'Window', type: 'string', jsonPath: '.spec.window' },
  ],
} satisfies Kind
