import Type from 'typebox'
import { callKinds } from './call-kind.ts'
import { closed, type Frozen, instant, oneOf, stringMap, text } from './field.ts'

const names = (description: string) =>
  Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: 4096, description }))

const count = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))

const Subject = closed(
  {
    agent: Type.Optional(Type.String({ description: 'Agent name.' })),
    kind: Type.Optional(Type.String({ description: 'Kind of the agent.' })),
    apiKey: Type.Optional(Type.String({ description: 'Name of the key.' })),
    user: Type.Optional(Type.String({ description: 'User who owns the agent.' })),
    groups: names('Teams of that user.'),
    labels: Type.Optional(stringMap('Labels of the agent.')),
    namespace: Type.Optional(Type.String({ description: 'Namespace of the agent.' })),
  },
  'Who calls.',
)

const Session = closed(
  {
    id: Type.Optional(Type.String({ description: 'Session id.' })),
    startedAt: Type.Optional(instant('When the session began.')),
    toolCalls: count('Tool calls so far.'),
    modelCalls: count('Model calls so far.'),
    spentUsd: Type.Optional(Type.Number({ minimum: 0, description: 'Money spent so far, USD.' })),
    toolsUsed: names('Names of the tools used, in order, bounded.'),
  },
  'What the session did before this call; zero by default.',
)

const CallRequest = closed(
  {
    time: Type.Optional(instant('When the call was made.')),
    justification: Type.Optional(
      Type.String({ maxLength: 4096, description: 'The reason the caller gave.' }),
    ),
    protocol: Type.Optional(Type.String({ description: 'MCP protocol version.' })),
    stream: Type.Optional(Type.Boolean({ description: 'Model calls: answer is streamed.' })),
    maxTokens: count('Model calls: most tokens asked for.'),
    inputTokens: count('Model calls: estimated input tokens.'),
    tools: names('Model calls: names of the tools offered to the model.'),
  },
  'Facts about the request.',
)

/** What an agent asks for. The shape of `writ explain --call`, PolicyTest, REST and replay. */
export const Call = closed(
  {
    kind: Type.Optional(oneOf(callKinds, 'What is called.', { default: 'tool' })),
    server: Type.Optional(text('ToolServer name; `builtin` for the tools of Writ.', 253)),
    tool: Type.Optional(text('Tool name as clients see it; for kind tool.', 256)),
    args: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Arguments of the call.' }),
    ),
    model: Type.Optional(text('Model name asked for; for kind model.', 256)),
    provider: Type.Optional(text('ModelProvider the model was resolved to.', 253)),
    uri: Type.Optional(text('Resource URI; for kind resource.', 8192)),
    prompt: Type.Optional(text('Prompt name; for kind prompt.', 256)),
    readOnly: Type.Optional(
      Type.Boolean({ description: 'The server says that the tool changes nothing.' }),
    ),
    destructive: Type.Optional(
      Type.Boolean({ description: 'The server says that the tool may destroy.' }),
    ),
    subject: Type.Optional(Subject),
    session: Type.Optional(Session),
    request: Type.Optional(CallRequest),
  },
  'A call to be judged.',
)
export type Call = Frozen<Type.Static<typeof Call>>
