import Type from 'typebox'
import { action } from './action-field.ts'
import { Call } from './call.ts'
import { closed, type Frozen, references, text } from './field.ts'
import type { Kind } from './resource.ts'

export const PolicyTestCase = closed(
  {
    name: text('What the case claims, in a sentence.', 256),
    call: Call,
    expect: closed(
      {
        action: action('The action the call must get.'),
        reason: Type.Optional(text('The reason code it must get.', 64)),
        rule: Type.Optional(text('The rule that must decide.', 256)),
        policy: Type.Optional(text('The policy that must decide.', 253)),
        workflows: Type.Optional(references('The workflows it must be sent to.')),
        message: Type.Optional(text('The message it must carry.')),
      },
      'What the decision must be; what is not named is not compared.',
    ),
  },
  'A call and the decision it must get.',
)
export type PolicyTestCase = Frozen<Type.Static<typeof PolicyTestCase>>

export const PolicyTestSpec = closed(
  {
    cases: Type.Array(PolicyTestCase, {
      minItems: 1,
      maxItems: 10_000,
      description: 'Cases; each is judged on its own.',
    }),
  },
  'Calls and the decisions they must get.',
)
export type PolicyTestSpec = Frozen<Type.Static<typeof PolicyTestSpec>>

export const PolicyTest = {
  kind: 'PolicyTest',
  plural: 'policytests',
  shortNames: [],
  description: 'Calls and the decisions they must get; run by `writ test`.',
  spec: PolicyTestSpec,
  served: false,
  columns: [],
} satisfies Kind
