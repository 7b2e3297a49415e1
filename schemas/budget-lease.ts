import Type from 'typebox'
import { counterFields } from './counter-fields.ts'
import { closed, type Frozen, instant, resourceName, text } from './field.ts'

const amount = (description: string) => Type.Integer({ minimum: 0, description })

/** Which counter of which budget. */
const counter = {
  namespace: resourceName('Namespace of the budget.'),
  budget: resourceName('The Budget.'),
  ...counterFields,
}

/** What a call was charged to a budget; the outcome of the call carries it to the ledger. */
export const BudgetCharge = closed(
  {
    budget: resourceName('The Budget.'),
    counter: counter.counter,
    window: counter.window,
    lease: text('The lease it was taken from.', 64),
    amount: amount('Micro-USD, tokens or calls.'),
  },
  'A charge to one counter.',
)
export type BudgetCharge = Frozen<Type.Static<typeof BudgetCharge>>

/** A proxy asks for a part of what is left of a budget. */
export const BudgetLeaseRequest = closed(
  {
    ...counter,
    proxy: text('The proxy that asks.', 128),
    run: text('This start of the proxy.', 64),
    lease: text(
      'Id that the lease gets, made by the proxy. Asked for again after an answer was lost, it is the same lease and no second one.',
      64,
    ),
    table: text('Digest of the table by which the proxy counts.', 80),
    need: amount('The least that helps.'),
  },
  'A request for a lease.',
)
export type BudgetLeaseRequest = Frozen<Type.Static<typeof BudgetLeaseRequest>>

export const BudgetState = closed(
  {
    limit: amount('The limit, extensions included.'),
    extended: amount('What approvals added to it.'),
    spent: amount('Settled, and written off.'),
    reserved: amount('Leased and not settled.'),
    softLimit: Type.Optional(amount('Where people are told.')),
    resetsAt: Type.Optional(instant('When the window ends.')),
  },
  'How a counter stands; micro-USD, tokens or calls.',
)
export type BudgetState = Frozen<Type.Static<typeof BudgetState>>

export const BudgetLease = closed(
  {
    id: text('Id.', 64),
    fence: Type.Integer({
      minimum: 1,
      description:
        'Grows with every lease of the counter; what comes with a smaller one of a closed lease is late.',
    }),
    amount: amount('What may be reserved from it in all.'),
    ttlMs: Type.Integer({
      minimum: 1,
      description: 'For how long, in ms from when it was asked for, so that clocks need not agree.',
    }),
  },
  'A part of a budget that one start of one proxy may spend.',
)
export type BudgetLease = Frozen<Type.Static<typeof BudgetLease>>

export const BudgetLeaseAnswer = closed(
  {
    lease: Type.Union([BudgetLease, Type.Null()], {
      description: 'Null when less is left than was needed.',
    }),
    state: BudgetState,
  },
  'The answer to a request for a lease.',
)
export type BudgetLeaseAnswer = Frozen<Type.Static<typeof BudgetLeaseAnswer>>

/** Every lease that a proxy holds, as it stands there. What is neither used, held nor kept goes back. */
export const BudgetLeaseRenewal = closed(
  {
    proxy: text('The proxy.', 128),
    run: text('This start of the proxy.', 64),
    leases: Type.Array(
      closed(
        {
          id: text('Id.', 64),
          fence: Type.Integer({ minimum: 1, description: 'Fencing number of the lease.' }),
          used: amount('Settled so far, whether or not the outcomes have been shipped.'),
          held: amount('Reserved by calls in flight.'),
          keep: amount(
            'To be kept for calls to come; 0 gives the lease back once nothing is held.',
          ),
        },
        'How a lease stands.',
      ),
      { maxItems: 4096, description: 'Leases.' },
    ),
  },
  'Leases to be renewed, shrunk or given back.',
)
export type BudgetLeaseRenewal = Frozen<Type.Static<typeof BudgetLeaseRenewal>>

export const BudgetLeaseRenewed = closed(
  {
    leases: Type.Array(
      closed(
        {
          id: text('Id.', 64),
          ttlMs: Type.Integer({
            minimum: 0,
            description: '0 when nothing more may be reserved from it.',
          }),
          state: BudgetState,
        },
        'A lease and its counter.',
      ),
      { description: 'Leases, as asked.' },
    ),
  },
  'The answer to a renewal.',
)
export type BudgetLeaseRenewed = Frozen<Type.Static<typeof BudgetLeaseRenewed>>

/** A proxy has started anew: what earlier starts leased and did not settle is free once the ledger has what they wrote. */
export const BudgetRun = closed(
  {
    proxy: text('The proxy.', 128),
    run: text('This start of the proxy.', 64),
    firstSeq: Type.Integer({
      minimum: 1,
      description: 'Number of the first entry of this start; all before it are of earlier ones.',
    }),
    start: Type.Integer({
      minimum: 1,
      description:
        'Which start this is; of two that begin at the same entry the higher is the later.',
    }),
  },
  'The start of a proxy.',
)
export type BudgetRun = Frozen<Type.Static<typeof BudgetRun>>
