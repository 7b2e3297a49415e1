import Type from 'typebox'
import { closed, type Frozen, oneOf, resourceName } from '../../schemas/field.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { modelsIn, type OfferedModel } from '../usage/models-in-force.ts'
import { declare } from './declare.ts'
import type { Route } from './route.ts'

export interface ModelRoutesNeeds {
  readonly releases: {
    current(): readonly { readonly namespace: string; readonly digest: string }[]
    body(digest: string): Promise<string | null>
  }
}

const microUsd = (description: string) => Type.Integer({ minimum: 0, description })

const Price = closed(
  {
    input: microUsd('Per million input tokens.'),
    output: microUsd('Per million output tokens.'),
    cacheRead: Type.Optional(microUsd('Per million input tokens read from a cache.')),
    cacheWrite: Type.Optional(microUsd('Per million input tokens written to a cache.')),
    request: Type.Optional(microUsd('Per request.')),
  },
  'Whole micro-USD.',
)

const Offer = closed(
  {
    provider: Type.String({ description: 'ModelProvider.' }),
    protocol: oneOf(['openai', 'anthropic', 'scripted'], 'What it speaks.'),
    upstream: Type.Optional(Type.String({ description: 'Name there; absent for a glob.' })),
    order: Type.Integer({ description: 'The smallest is asked first.' }),
    price: Type.Optional(Price),
    priceFrom: Type.Optional(
      oneOf(['provider', 'catalogue'], 'Whether the ModelProvider states it or the catalogue.'),
    ),
    maxOutputTokens: Type.Optional(
      Type.Integer({ description: 'Most tokens the model can answer with.' }),
    ),
  },
  'Who offers it, under which terms.',
)

const Model = closed(
  {
    namespace: Type.String({ description: 'Namespace.' }),
    name: Type.String({ description: 'A name, or a glob that lets matching names through.' }),
    aliases: Type.Array(Type.String(), { description: 'Other names.' }),
    providers: Type.Array(Offer, { description: 'In the order in which they are asked.' }),
  },
  'A model that agents may be let ask for.',
)

const Catalogue = closed(
  {
    namespace: Type.String({ description: 'Namespace.' }),
    source: Type.String({ description: 'Whence the prices of the catalogue come.' }),
    date: Type.String({ description: 'Of what day they are.' }),
  },
  'The catalogue of prices that a table was made with.',
)

const Models = closed(
  {
    models: Type.Array(Model, { description: 'By namespace and name.' }),
    catalogues: Type.Array(Catalogue, { description: 'Of tables that have prices of one.' }),
  },
  'Models of the tables in force.',
)

const Query = closed(
  { namespace: Type.Optional(resourceName('Models of this namespace.')) },
  'Which models.',
)

/** The models of the tables in force. */
export function modelRoutes({ releases }: ModelRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/models',
      roles: ['admin'],
      permission: 'view_cost',
      summary: 'Models of the tables in force: who offers them, and for which price.',
      query: Query,
      answers: { 200: { description: 'Models.', schema: Models } },
      handle: async ({ query: { namespace } }, response) => {
        const current = releases
          .current()
          .filter(release => namespace === undefined || release.namespace === namespace)
          .sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
        const models: OfferedModel[] = []
        const catalogues: Static['catalogues'][number][] = []
        for (const { namespace, digest } of current) {
          const body = await releases.body(digest)
          if (body === null) continue
          const table = JSON.parse(body) as RuleTable
          models.push(...modelsIn(table))
          if (table.catalogue) catalogues.push({ namespace, ...table.catalogue })
        }
        response.json({ models, catalogues } satisfies Static)
      },
    }),
  ]
}

type Static = Frozen<Type.Static<typeof Models>>
