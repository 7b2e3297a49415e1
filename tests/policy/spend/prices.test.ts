import t from 'tap'
import { catalogueNames, cataloguePrice } from '../../../policy/spend/prices/catalogue-price.ts'
import { shippedPrices } from '../../../policy/spend/prices/shipped-prices.ts'
import { spellings } from '../../../policy/spend/prices/spellings.ts'
import type { PriceCatalogue } from '../../../schemas/price-catalogue.ts'

const cheap = { input: 1, output: 2 }
const dear = { input: 3, output: 4, maxOutputTokens: 10 }

const prices: PriceCatalogue = {
  format: 'writ.dev/prices/v1',
  source: 'a test',
  date: '2026-11-01',
  vendors: [
    {
      name: 'maker',
      hosts: ['api.maker.example'],
      elsewhere: true,
      models: { 'big-1': cheap, 'big-1-20260101': dear, small: cheap },
    },
    { name: 'other', hosts: ['other.example'], elsewhere: true, models: { small: dear } },
    { name: 'host', hosts: ['host.example'], elsewhere: false, models: { 'm/open': cheap } },
  ],
}

t.test('the vendor whose host it is speaks alone', async t => {
  t.strictSame(cataloguePrice(prices, 'https://api.maker.example/v1', 'small'), cheap)
  t.strictSame(cataloguePrice(prices, 'https://API.maker.example:443/v1', 'small'), cheap)
  t.strictSame(cataloguePrice(prices, 'https://host.example/v1', 'small'), null)
  t.strictSame(cataloguePrice(prices, 'https://host.example/v1', 'm/open'), cheap)
})

t.test('elsewhere the dearest of those whose names mean the same counts', async t => {
  t.strictSame(cataloguePrice(prices, 'https://gateway.example/v1', 'small'), dear)
  t.strictSame(cataloguePrice(prices, undefined, 'small'), dear)
  t.strictSame(cataloguePrice(prices, 'https://gateway.example/v1', 'm/open'), null)
  t.strictSame(cataloguePrice(prices, 'https://gateway.example/v1', 'toString'), null)
})

t.test(
  'the listed day of a release has its own price, and any other that of the model',
  async t => {
    const at = (name: string) => cataloguePrice(prices, undefined, name)
    t.strictSame(at('big-1-20260101'), dear)
    t.strictSame(at('big-1-20260808'), cheap)
    t.strictSame(at('big-1-2026-08-08'), cheap)
    t.strictSame(at('big'), null)
  },
)

t.test('a name is looked up in the spellings of resellers as well', async t => {
  t.strictSame(spellings('claude-x'), ['claude-x'])
  t.strictSame(spellings('claude-x[1m]'), ['claude-x[1m]', 'claude-x'])
  t.strictSame(spellings('anthropic/claude-x'), ['anthropic/claude-x', 'claude-x'])
  t.strictSame(spellings('us.anthropic.claude-x-20250929-v1:0'), [
    'us.anthropic.claude-x-20250929-v1:0',
    'claude-x-20250929',
    'claude-x',
  ])
  t.strictSame(spellings('anthropic.claude-x-v1'), ['anthropic.claude-x-v1', 'claude-x'])
  t.strictSame(spellings('claude-x@20250929'), [
    'claude-x@20250929',
    'claude-x-20250929',
    'claude-x',
  ])
  t.strictSame(spellings('gpt-4.1'), ['gpt-4.1'])
  t.strictSame(spellings('deepseek-v9'), ['deepseek-v9'])
})

t.test('a tuned model never costs what its model costs', async t => {
  t.strictSame(spellings('ft:gpt-x-2024-08-06:acme::id'), [
    'ft:gpt-x-2024-08-06:acme::id',
    'ft:gpt-x-2024-08-06',
    'ft:gpt-x',
  ])
})

t.test('the models that a glob matches are those of the address', async t => {
  const at = (url: string | undefined, glob: string) => catalogueNames(prices, url, glob)
  t.strictSame(at('https://api.maker.example', 'big-*'), ['big-1', 'big-1-20260101'])
  t.strictSame(at(undefined, '*'), ['big-1', 'big-1-20260101', 'small'])
  t.strictSame(at('https://host.example', '*'), ['m/open'])
  t.strictSame(at('https://other.example', 'big-*'), [])
})

t.test('the catalogue that is shipped says whence it comes, and holds whole amounts', async t => {
  t.match(shippedPrices, { source: /^litellm \d/, licence: /^MIT/, date: /^20\d\d-\d\d-\d\d$/ })
  const models = shippedPrices.vendors.flatMap(({ models }) => Object.values(models))
  t.ok(models.length > 250)
  t.ok(models.every(model => Object.values(model).every(Number.isSafeInteger)))
  t.ok(models.every(({ input, output }) => input + output > 0))
  const at = (name: string) => cataloguePrice(shippedPrices, undefined, name)
  t.match(at('gpt-4o'), { input: 2_500_000, output: 10_000_000, maxOutputTokens: 16_384 })
  t.match(at('claude-sonnet-4-5'), { input: 3_000_000, cacheRead: 300_000, cacheWrite: 3_750_000 })
  t.match(at('text-embedding-3-small'), { input: 20_000, output: 0 })
  t.equal(at('gpt-4o-audio-preview-2024-12-17'), null)
  t.equal(at('gpt-4o-search-preview'), null)
})
