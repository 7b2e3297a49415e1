import Type from 'typebox'
import {
  closed,
  duration,
  type Frozen,
  glob,
  httpUrl,
  oneOf,
  secretRef,
  stringMap,
  text,
  usd,
} from './field.ts'
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
    name: glob(
      'Name that agents ask for; a glob lets every matching name through under its own name.',
    ),
    upstream: Type.Optional(
      text('Name at the provider; the same when omitted. Not with a glob.', 256),
    ),
    order: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 1,
        description:
          'Where several providers offer a model under one name or alias: the smallest is asked first, the next when it cannot answer.',
      }),
    ),
    aliases: Type.Optional(
      Type.Array(text('Another name that agents may ask for.', 256), {
        maxItems: 64,
        description: 'Other names of the model. Not with a glob.',
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
    protocol: oneOf(
      ['openai', 'anthropic', 'scripted'],
      'The API that the provider speaks. `scripted`: no provider, the proxy itself answers in fixed words, to try things.',
    ),
    baseUrl: Type.Optional(
      httpUrl(
        'Address of the API up to the version, for example https://api.openai.com/v1 or https://api.anthropic.com/v1. Needed unless scripted.',
      ),
    ),
    responses: Type.Optional(
      oneOf(
        ['native', 'translate'],
        'For protocol openai: whether the provider serves /responses itself, or chat completions stand in for it.',
        { default: 'native' },
      ),
    ),
    timeout: Type.Optional(duration('Longest wait for the first byte of an answer.', '10m')),
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
