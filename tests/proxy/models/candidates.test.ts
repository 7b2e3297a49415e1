import t from 'tap'
import { Catalogue } from '../../../proxy/models/candidates.ts'
import type { TableModel, TableProvider } from '../../../schemas/rule-table.ts'

function provider(name: string, ...models: Partial<TableModel>[]): TableProvider {
  return {
    name,
    protocol: 'openai',
    baseUrl: 'http://localhost/v1',
    responses: 'native',
    timeoutMs: 1000,
    models: models.map(model => ({ name: 'x', aliases: [], order: 1, ...model })),
    at: [0, 1, 1],
  }
}

const catalogue = new Catalogue([
  provider(
    'anthropic',
    { name: 'claude-4', upstream: 'claude-4-2026', aliases: ['smart', 'fast'] },
    { name: 'claude-3', upstream: 'claude-3-2025' },
  ),
  provider('router', { name: 'claude-*', order: 3 }, { name: 'org/*', order: 1 }),
  provider('spare', { name: 'claude-4', upstream: 'spare-4', order: 2 }),
])

const found = (asked: string) =>
  catalogue
    .candidates(asked)
    .map(({ provider, name, upstream }) => `${provider.name} ${name} ${upstream}`)

t.test('a model is found by its name, at all who offer it, in their order', async t => {
  t.strictSame(found('claude-4'), [
    'anthropic claude-4 claude-4-2026',
    'spare claude-4 spare-4',
    'router claude-4 claude-4',
  ])
})

t.test('an alias is good only where it is given', async t => {
  t.strictSame(found('smart'), ['anthropic claude-4 claude-4-2026'])
})

t.test('a provider can be named', async t => {
  t.strictSame(found('spare/claude-4'), ['spare claude-4 spare-4'])
  t.strictSame(found('anthropic/fast'), ['anthropic claude-4 claude-4-2026'])
  t.strictSame(found('router/claude-9'), ['router claude-9 claude-9'])
})

t.test('a glob lets names through as they are', async t => {
  t.strictSame(found('claude-9'), ['router claude-9 claude-9'])
  t.strictSame(found('org/model'), ['router org/model org/model'])
})

t.test('a marker of the window changes nothing', async t => {
  t.strictSame(found('claude-4[1m]'), found('claude-4'))
  t.strictSame(found('claude-9[200K]'), found('claude-9'))
})

t.test('what nobody offers is not found', async t => {
  for (const asked of ['gpt', 'Claude-4', 'claude-4 ', 'nobody/claude-4', 'spare/claude-3', ''])
    t.strictSame(found(asked), [], asked)
  t.strictSame(found('spare\nclaude-4'), [])
})

t.test('every name and alias can be listed, and no glob', async t => {
  t.strictSame(catalogue.names, ['claude-4', 'claude-3', 'smart', 'fast'])
})
