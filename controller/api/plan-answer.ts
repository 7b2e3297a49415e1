import Type from 'typebox'
import { actions } from '../../schemas/action.ts'
import { Call } from '../../schemas/call.ts'
import { closed, oneOf } from '../../schemas/field.ts'
import type { Plans } from '../../schemas/plan.ts'
import { type Caller, sees } from './caller.ts'

const string = (description: string) => Type.String({ description })
const maybe = (description: string) => Type.Optional(string(description))
const names = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))

const narrows = oneOf(
  ['proved', 'unproven', 'neutral'],
  '`proved`: no call gets a looser decision; `neutral`: no decision changes; `unproven`: anything else.',
)

const Verdict = closed(
  {
    action: oneOf(actions, 'What becomes of the call.'),
    reason: string('Why.'),
    policy: maybe('The policy that decides.'),
    rule: maybe('The rule that decides.'),
    workflows: names('Whom it asks, where it asks; empty for the owners.'),
  },
  'What a state says to a call.',
)

const Change = closed(
  {
    effect: oneOf(
      ['widening', 'either', 'narrowing', 'neutral'],
      'Whether it lets through what was held back, may do so, holds back more, or neither.',
    ),
    kind: string('A kind of call, or of something that is written.'),
    name: string('Tool, model, URI or prompt, or a glob; or the name of what is written.'),
    server: maybe('Only at this server.'),
    policy: maybe('The policy that was changed.'),
    rule: maybe('The rule that decides now, else the one that decided.'),
    subjects: Type.Optional(
      closed(
        { agents: names('Agents, globs.'), apiKeys: names('Keys, globs.') },
        'Whom it concerns.',
      ),
    ),
    message: string('What changes, in words.'),
    at: Type.Optional(
      closed(
        {
          file: string('File.'),
          line: Type.Integer({ description: 'Line from 1.' }),
          column: Type.Integer({ description: 'Column from 1.' }),
        },
        'Where it is written.',
      ),
    ),
    example: Type.Optional(
      closed({ call: Call, before: Verdict, after: Verdict }, 'A call of which both were asked.'),
    ),
  },
  'One thing that changes.',
)

/** What changes for agents, by namespace. */
export const PlansAnswer = closed(
  {
    narrows,
    plans: Type.Array(
      closed(
        {
          namespace: string('Namespace.'),
          before: string('Digest of the table as it is; empty when there is none.'),
          after: string('Digest of the table as it would be; empty when there would be none.'),
          narrows,
          gaveUp: Type.Optional(
            Type.Literal(true, { description: 'There was too much to compare.' }),
          ),
          changes: Type.Array(Change, { description: 'What widens comes first.' }),
        },
        'What changes in a namespace.',
      ),
      { description: 'Namespaces that you see, by name.' },
    ),
  },
  'What changes for agents.',
)

/** The plans of the namespaces that a caller sees; what can be said of all together is about all of them. */
export function visiblePlans({ narrows, plans }: Plans, caller: Caller): Plans {
  return { narrows, plans: plans.filter(({ namespace }) => sees(caller, namespace)) }
}
