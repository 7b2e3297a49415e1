import { appendFileSync, readFileSync } from 'node:fs'
import t from 'tap'
import { settleLost } from '../../../proxy/budgets/settle-lost.ts'
import { openJournal } from '../../../proxy/journal/journal.ts'
import { segments } from '../../../proxy/journal/segment.ts'
import { endAfter } from '../../../records/line.ts'
import { entryText } from '../journal-entry.ts'

const charges = [{ budget: 'money', counter: '', window: '', lease: 'l-1', amount: 500 }]
const held = { charges, reservedMicroUsd: 500 }
const now = () => Date.parse('2026-11-21T10:00:00Z')

function lines(folder: string) {
  const texts = segments(folder).map(({ path }) => readFileSync(path, 'utf8'))
  return texts.join('').split('\n').filter(Boolean)
}

function entries(folder: string) {
  return lines(folder).map(line => JSON.parse(line))
}

t.test('a call that ended with the proxy is charged whole', async t => {
  const folder = t.testdir()
  const journal = await openJournal({ folder, segmentBytes: 600 })
  t.teardown(() => journal.close())
  await journal.write([entryText({ call: 'ended', ...held })])
  await journal.write([entryText({ call: 'free' })])
  await journal.write([entryText({ call: 'lost', kind: 'model', model: 'claude', ...held })])
  await journal.write([entryText({ call: 'tool', charges })])
  await journal.write([
    entryText({ call: 'ended', phase: 'outcome', status: 'succeeded', charges }),
  ])
  t.ok(segments(folder).length > 1)
  t.equal(await settleLost(journal, now), 2)
  const [lost, tool] = entries(folder).slice(-2)
  const { proxy, seq, prev, tool: name, server, ...told } = lost
  t.strictSame([proxy, seq, name, server], [journal.proxy, 6, 'read_file', 'files'])
  t.equal(prev, endAfter(lines(folder).at(-3) ?? '')?.link, 'it has its own place in the chain')
  t.strictSame(told, {
    time: '2026-11-21T10:00:00.000Z',
    phase: 'outcome',
    call: 'lost',
    namespace: 'default',
    agent: 'claude',
    kind: 'model',
    model: 'claude',
    args: { path: '/tmp/scratch/notes.txt' },
    action: 'allow',
    reason: 'rule',
    charges,
    reservedMicroUsd: 500,
    costMicroUsd: 500,
    costSource: 'provider',
    status: 'unknown',
    error: 'the proxy ended before the call did',
  })
  t.strictSame(
    [tool.call, tool.status, tool.charges, tool.costMicroUsd],
    ['tool', 'unknown', charges, undefined],
  )
})

t.test('what is settled once is settled', async t => {
  const folder = t.testdir()
  const journal = await openJournal({ folder })
  t.teardown(() => journal.close())
  await journal.write([entryText({ call: 'lost', ...held })])
  t.equal(await settleLost(journal, now), 1)
  t.equal(await settleLost(journal, now), 0)
})

t.test('damage is passed over', async t => {
  const folder = t.testdir()
  const journal = await openJournal({ folder })
  t.teardown(() => journal.close())
  await journal.write([entryText({ call: 'lost', ...held })])
  const [segment] = segments(folder)
  appendFileSync(
    segment?.path ?? '',
    `{"proxy":"${journal.proxy}","seq":2,"charges":[\nnoise "charges":[\n`,
  )
  t.equal(await settleLost(journal, now), 1)
})
