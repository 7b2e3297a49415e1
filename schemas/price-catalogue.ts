import Type from 'typebox'
import { closed, type Frozen, text } from './field.ts'

const price = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description })

const CatalogueModel = closed(
  {
    input: price('Micro-USD per million input tokens.'),
    output: price('Micro-USD per million output tokens.'),
    cacheRead: Type.Optional(price('Micro-USD per million input tokens read from a cache.')),
    cacheWrite: Type.Optional(price('Micro-USD per million input tokens written to a cache.')),
    request: Type.Optional(price('Micro-USD per request.')),
    maxOutputTokens: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Most tokens the model can answer with.' }),
    ),
  },
  'What a model costs, and how long its answers can be.',
)
export type CatalogueModel = Frozen<Type.Static<typeof CatalogueModel>>

const CatalogueVendor = closed(
  {
    name: text('Name.', 64),
    hosts: Type.Array(text('A host name such as api.openai.com.', 253), {
      description: 'Hosts of its API.',
    }),
    elsewhere: Type.Boolean({
      description: 'Whether its names mean the same models at hosts that no vendor has.',
    }),
    models: Type.Record(Type.String(), CatalogueModel, {
      description: 'Models by the name at the vendor.',
    }),
  },
  'Who sells models.',
)

/** Prices of models whose ModelProvider states none. */
export const PriceCatalogue = closed(
  {
    format: Type.Literal('writ.dev/prices/v1'),
    source: text('Whence the prices come, with a version.'),
    licence: Type.Optional(text('Licence of the source, and whose it is.')),
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'Of what day they are.' }),
    vendors: Type.Array(CatalogueVendor, { description: 'Vendors.' }),
  },
  'Prices of models in whole micro-USD.',
)
export type PriceCatalogue = Frozen<Type.Static<typeof PriceCatalogue>>
