import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, resourceName } from '../../schemas/field.ts'
import type { BudgetBook, BudgetCounter } from '../budgets/budget-book.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

export interface BudgetRoutesNeeds {
  readonly budgets: Pick<BudgetBook, 'counters'>
  /** Every namespace that is in force. */
  readonly namespaces: () => readonly string[]
}

const amount = (description: string) => Type.Integer({ minimum: 0, description })

const Lease = closed(
  {
    id: Type.String({ description: 'Id.' }),
    proxy: Type.String({ description: 'The proxy that holds it.' }),
    state: oneOf(['open', 'closed', 'written_off'], 'Whether it may still be reserved from.'),
    amount: amount('What may be spent from it in all.'),
    settled: amount('What was.'),
    writtenOff: amount('What nobody settled.'),
    expiresAt: instant('When it must have been renewed.'),
  },
  'A part of a budget that one proxy may spend.',
)

const Counter = closed(
  {
    namespace: Type.String({ description: 'Namespace.' }),
    budget: Type.String({ description: 'The Budget.' }),
    counter: Type.String({ description: 'Whose: a value of what `per` names.' }),
    window: Type.String({ description: 'Start of the window; empty for session and total.' }),
    per: oneOf(
      ['namespace', 'agent', 'apiKey', 'user', 'team', 'flow', 'session', 'model', 'tool'],
      'What has a counter of its own.',
    ),
    unit: oneOf(['usd', 'tokens', 'calls'], 'What is counted; of usd whole micro-USD.'),
    windowKind: oneOf(
      ['hour', 'day', 'week', 'month', 'session', 'total'],
      'When the counter starts again.',
    ),
    limit: amount('The limit, without extensions.'),
    extended: amount('What approvals added to it.'),
    spent: amount('Settled, and written off.'),
    reserved: amount('Leased to proxies and not settled.'),
    remaining: amount('What can still be leased.'),
    softLimit: Type.Optional(amount('Where people are told.')),
    resetsAt: Type.Optional(instant('When the window ends.')),
    leases: Type.Array(Lease, { description: 'Leases of which something is not settled.' }),
  },
  'How one counter of a budget stands.',
)

const Query = closed(
  {
    namespace: Type.Optional(resourceName('Budgets of this namespace.')),
    budget: Type.Optional(resourceName('This budget.')),
    counter: Type.Optional(
      Type.String({ maxLength: 512, description: 'This counter: an agent, a user, a session.' }),
    ),
  },
  'Which counters; each word narrows.',
)

const Counters = closed(
  {
    counters: Type.Array(Counter, {
      description: 'By namespace and budget, those that spent most first; at most 1,000 of each.',
    }),
  },
  'Counters of the windows that are open.',
)

/** How the budgets in force stand. */
export function budgetRoutes({ budgets, namespaces }: BudgetRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/budgets',
      roles: ['admin'],
      permission: 'view_cost',
      summary: 'How the budgets in force stand: limits, what is spent, what is leased to whom.',
      query: Query,
      answers: { 200: { description: 'Counters.', schema: Counters } },
      handle: async ({ query }, response) => {
        const { namespace, ...filter } = query
        const asked = namespaces().filter(name => namespace === undefined || name === namespace)
        const counters: BudgetCounter[] = []
        for (const name of asked) counters.push(...(await budgets.counters(name, filter)))
        response.json({ counters } satisfies Frozen<Type.Static<typeof Counters>>)
      },
    }),
  ]
}
