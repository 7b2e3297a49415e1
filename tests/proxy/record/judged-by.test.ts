import t from 'tap'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { count, openAccount } from '../../../proxy/mcp/account.ts'
import type { Caller } from '../../../proxy/mcp/needs.ts'
import { factsText, judgedBy } from '../../../proxy/record/judged-by.ts'
import type { Call } from '../../../schemas/call.ts'
import type { Decision } from '../../../schemas/decision.ts'

const noon = Date.parse('2026-11-20T12:00:00Z')
const decision: Decision = { action: 'allow', reason: 'rule', observed: [], table: 'sha256:one' }

/** A session that began an hour before noon, and what its calls at noon are noted with. */
function session() {
  const account = openAccount('s-1', noon - 3_600_000)
  const noted = (call: Call = {}, { table = 'sha256:one', written = noon } = {}) => {
    const facts: Facts = {
      ...factsOf({ request: { time: '2026-11-20T12:00:00Z', ...call.request }, ...call }),
      session: { ...account, spentUsd: 0, toolsUsed: account.toolsUsed },
    }
    const at = { ...facts, request: { ...facts.request, time: noon } }
    const by = judgedBy(at, { caller: { table } as Caller, account }, decision)
    return () => JSON.parse(factsText(by, written))
  }
  return { account, noted }
}

const startedAt = noon - 3_600_000

t.test('what is zero, false or empty is left out', async t => {
  const { noted } = session()
  t.strictSame(noted()(), { startedAt })
})

t.test('what a call was judged by is noted as it was then', async t => {
  const { account, noted } = session()
  count(account, 'read')
  account.modelCalls = 2
  account.spentMicroUsd = 70
  const request = { protocol: '2025-11-25', maxTokens: 5, inputTokens: 9, tools: ['look'] }
  const write = noted({ tool: 'read', readOnly: true, destructive: true, request })
  count(account, 'send')
  account.spentMicroUsd = 80
  t.strictSame(write(), {
    ...{ readOnly: true, destructive: true, ...request, startedAt },
    ...{ toolCalls: 1, modelCalls: 2, spentMicroUsd: 70, toolsUsed: 1 },
    newTools: { from: 0, names: ['read', 'send'] },
  })
})

t.test('every tool of a session is named once', async t => {
  const { account, noted } = session()
  const names = ['a', 'b', 'a', 'c', 'b'].map(tool => {
    const write = noted({ tool })
    count(account, tool)
    return write().newTools
  })
  t.strictSame(names, [
    { from: 0, names: ['a'] },
    { from: 1, names: ['b'] },
    undefined,
    { from: 2, names: ['c'] },
    undefined,
  ])
})

t.test('when it was judged is noted where it is written down later', async t => {
  const { noted } = session()
  t.strictSame(noted({}, { written: noon + 5 })(), { judgedAt: noon, startedAt })
})

t.test('a caller known by another table than the one that decided is noted', async t => {
  const { noted } = session()
  t.strictSame(noted({}, { table: 'sha256:two' })(), { agentTable: 'sha256:two', startedAt })
})

t.test('tools of a model request that are too many are counted', async t => {
  const { noted } = session()
  const many = Array.from({ length: 257 }, (_, i) => `tool-${i}`)
  t.strictSame(noted({ request: { tools: many } })(), { toolsLeftOut: 257, startedAt })
  const long = Array.from({ length: 33 }, () => 'x'.repeat(250))
  t.strictSame(noted({ request: { tools: long } })(), { toolsLeftOut: 33, startedAt })
})

t.test('credentials in names are masked', async t => {
  const { account, noted } = session()
  const secret = `sk-${'a1B2'.repeat(8)}`
  count(account, secret)
  const facts = noted({ request: { tools: ['look', secret] } })()
  t.notMatch(JSON.stringify(facts), secret)
  t.match(facts, { tools: ['look', '[redacted]'], newTools: { names: ['[redacted]'] } })
})
