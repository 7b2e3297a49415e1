import Type from 'typebox'
import { closed, type Frozen, text } from './field.ts'

const count = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const instantMs = (description: string) => Type.Integer({ description })

/** What of a call's facts neither the rest of its record nor the table says. Zero, false and empty are left out. */
export const RecordFacts = closed(
  {
    judgedAt: Type.Optional(
      instantMs('When it was judged, ms since 1970; left out when that is the time of the entry.'),
    ),
    agentTable: Type.Optional(
      text('Table that said who calls, where that was another than the one that decided.', 80),
    ),
    readOnly: Type.Optional(Type.Boolean({ description: 'What the server says of the tool.' })),
    destructive: Type.Optional(Type.Boolean({ description: 'What the server says of the tool.' })),
    protocol: Type.Optional(text('Version of MCP.', 256)),
    maxTokens: count('Most tokens of the answer.'),
    inputTokens: count('Tokens of the request, estimated.'),
    tools: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), {
        maxItems: 256,
        description: 'Tools that the request offers to the model, redacted.',
      }),
    ),
    toolsLeftOut: count('How many tools it offers, where they were too many to be written down.'),
    startedAt: instantMs('When the session began, ms since 1970.'),
    toolCalls: count('Calls of tools that the session had made.'),
    modelCalls: count('Calls of models that the session had made.'),
    spentMicroUsd: count('What the session had spent.'),
    toolsUsed: count('How many different tools the session had used.'),
    newTools: Type.Optional(
      closed(
        {
          from: Type.Integer({ minimum: 0, description: 'Position of the first, from 0.' }),
          names: Type.Array(Type.String({ maxLength: 8192 }), {
            maxItems: 256,
            description: 'Names, redacted.',
          }),
        },
        'Tools that the session had used by the time the entry was written and no earlier entry of it names.',
      ),
    ),
  },
  'What a call was judged by, as far as nothing else says it; on attempts.',
)
export type RecordFacts = Frozen<Type.Static<typeof RecordFacts>>
