import Type from 'typebox'
import { closed, type Frozen, httpUrl, oneOf, secretRef, stringMap, text, usd } from './field.ts'
import type { Kind } from './resource.ts'

const Price = closed(
  {
    input: usd('USD per million input tokens.'),
    output: usd('USD per million output tokens.'),
    cacheRead: Type.Optional(usd('USD per million input tokens read from a cache.')),
    cacheWrite: Type.Optional(usd('USD per million input tokens written to a cache.')),
    request: Type.Optional(usd('USD per request.')),
  },
  'What the model costs.',
)

const ProvidedModel = closed(
  {
    name: text('Name that agents ask for.', 256),
    upstream: Type.Optional(text('Name at the provider; the same when omitted.', 256)),
    aliases: Type.Optional(
      Type.Array(text('Another name that agents may ask for.', 256), {
        maxItems: 64,
        description: 'Other names of the model.',
      }),
    ),
    price: Type.Optional(Price),
    maxOutputTokens: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Most tokens the model can answer with.' }),
    ),
  },
  'A model of the provider.',
)

export const ModelProviderSpec = closed(
  {
    protocol: oneOf(['openai', 'anthropic'], 'The API that the provider speaks.'),
    baseUrl: httpUrl('Address of the API, for example https://api.anthropic.com.'),
    secretRef: Type.Optional(secretRef('The API key.')),
    headers: Type.Optional(stringMap('Headers sent with every request; never credentials.')),
    models: Type.Optional(
      Type.Array(ProvidedModel, { maxItems: 1024, description: 'Models agents may ask for.' }),
    ),
  },
  'An upstream model API: protocol, address, credential, models with aliases and prices.',
)
export type ModelProviderSpec = Frozen<Type.Static<typeof ModelProviderSpec>>

export const ModelProvider = {
  kind: 'ModelProvider',
  plural: 'modelproviders',
  shortNames: ['mp'],
  description: 'A model API that agents reach through Writ.',
  spec: ModelProviderSpec,
  served: true,
  columns: [
    { name: 'Protocol', type: 'string', jsonPath: '.spec.protocol' },
    { name: 'URL', type: 'string', jsonPath: '.spec.baseUrl', priority: 1 },
  ],
} satisfies Kind
