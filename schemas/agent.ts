import Type from 'typebox'
import { ApiKey } from './api-key.ts'
import { closed, type Frozen, resourceName, stringMap, text } from './field.ts'
import type { Kind } from './resource.ts'

export const AgentSpec = closed(
  {
    kind: Type.Optional(
      text('What runs, for example claude-code; known kinds get their session header.', 128),
    ),
    owner: Type.Optional(resourceName('User who answers for the agent.')),
    labels: Type.Optional(stringMap('Labels that conditions read as subject.labels.')),
    apiKeys: Type.Optional(
      Type.Array(ApiKey, { maxItems: 256, description: 'Keys that identify the agent.' }),
    ),
    serviceAccounts: Type.Optional(
      Type.Array(resourceName('Name of a service account of the namespace.'), {
        maxItems: 64,
        description:
          'Pods that may call as the agent without a key run as one of these; as any one when absent.',
      }),
    ),
  },
  'An enrolled agent or runtime: owner, labels, API keys.',
)
export type AgentSpec = Frozen<Type.Static<typeof AgentSpec>>

export const Agent = {
  kind: 'Agent',
  plural: 'agents',
  shortNames: [],
  description: 'An agent that may call through Writ.',
  spec: AgentSpec,
  served: true,
  columns: [
    { name: 'Kind', type: 'string', jsonPath: '.spec.kind' },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
  ],
} satisfies Kind
