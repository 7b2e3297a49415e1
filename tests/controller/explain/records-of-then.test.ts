import { hash } from 'node:crypto'
import t from 'tap'
import { judgedOtherwise, judgedThen } from '../../../controller/explain/judged-again.ts'
import { type Recorded, recordedOf } from '../../../controller/replay/recorded.ts'
import { noteIn, SessionStates } from '../../../controller/replay/session-states.ts'
import { sideOf } from '../../../controller/replay/side.ts'
import { wholeStretch } from '../../../controller/replay/stretches.ts'
import type { Record as Entry } from '../../../schemas/record.ts'
import { document, people, policiesOf } from '../replay/recorded-world.ts'

const bank = document('ToolServer', 'bank', { url: 'https://bank.example/mcp' })
const startedAt = Date.parse('2026-11-20T11:00:00Z')

/** The table of one rule that denies under a condition, and one that allows the rest. */
function side(when: string, list: 'tools' | 'models' = 'tools') {
  const rules = [
    { name: 'when', when, action: 'deny' },
    { name: 'rest', action: 'allow' },
  ]
  const policy = document('AccessPolicy', 'work', { tools: [], [list]: [{ name: '*', rules }] })
  const { tables } = policiesOf(people, bank, policy)
  return sideOf(tables.get('default') ?? '')
}

/** Words of an entry, of which some may make no sense. */
type Some = { readonly [Name in keyof Entry]?: unknown }

function recorded(some: Some = {}): Recorded {
  const { args = { amount: 7 } } = some
  const entry = {
    ...{ proxy: 'proxy-a', seq: 1, time: '2026-11-20T12:00:00.000Z', phase: 'attempt', call: 'c' },
    ...{ namespace: 'default', agent: 'bot', apiKey: 'laptop', session: 's-1', kind: 'tool' },
    ...{
      server: 'bank',
      tool: 'pay',
      action: 'deny',
      reason: 'rule',
      policy: 'work',
      rule: 'when',
    },
    argsDigest: `sha256:${hash('sha256', JSON.stringify(args))}`,
    ...some,
    args,
  }
  const read = recordedOf(JSON.stringify(entry), { namespace: '' })
  if (read === null) throw new Error('no entry')
  return read
}

/** How judging again goes with the record, and why a part is not known. */
function again(when: string, some: Some = {}, told: readonly Some[] = []) {
  const table = side(when, some.kind === 'model' ? 'models' : 'tools')
  const call = recorded(some)
  const states = new SessionStates()
  const session = states.of(recorded(), { number: 1, whole: false, began: startedAt })
  for (const before of [...told, some]) noteIn(session, recorded(before))
  const { decision, unknown, agreement } = judgedThen(table, table.agents, call, session)
  return { action: decision?.action ?? null, unknown, agreement }
}

const unknown = (why: string) => ({ action: null, unknown: why, agreement: 'not_known' })

/** What is on record of place and table is not compared here: the record does not name them. */
const denied = { action: 'deny', unknown: null, agreement: 'different' }

t.test('each fact is known from the record', async t => {
  const facts = {
    ...{ startedAt, judgedAt: Date.parse('2026-11-20T11:30:00Z'), readOnly: true },
    ...{ destructive: true, protocol: '2025-11-25', toolCalls: 3, modelCalls: 2 },
    ...{ spentMicroUsd: 1_500_000, toolsUsed: 2, newTools: { from: 0, names: ['read', 'send'] } },
  }
  const conditions = [
    'request.time == timestamp("2026-11-20T11:30:00Z")',
    'tool.readOnly && tool.destructive',
    'request.protocol == "2025-11-25"',
    'session.startedAt == timestamp("2026-11-20T11:00:00Z")',
    'session.toolCalls == 3 && session.modelCalls == 2 && session.spentUsd == 1.5',
    'session.toolsUsed == ["read", "send"]',
  ]
  for (const when of conditions) t.strictSame(again(when, { facts }), denied, when)
})

t.test('each fact of a model request is known from the record', async t => {
  const facts = { startedAt, maxTokens: 500, inputTokens: 20, tools: ['look', 'mcp'] }
  const call = { kind: 'model', server: undefined, tool: undefined, model: 'small' } as const
  const some = { ...call, provider: 'played', requestedModel: 'small', stream: true, facts }
  const conditions = [
    'request.maxTokens == 500 && request.inputTokens == 20 && request.stream',
    '"mcp" in request.tools && size(request.tools) == 2',
  ]
  for (const when of conditions) t.strictSame(again(when, some), denied, when)
  const many = { ...some, facts: { startedAt, toolsLeftOut: 300 } }
  t.strictSame(again('"mcp" in request.tools', many), unknown('not_recorded'))
  const masked = { ...some, facts: { startedAt, tools: ['[redacted]'] } }
  t.strictSame(again('"mcp" in request.tools', masked), unknown('redacted'))
})

t.test('records without facts are explained as far as they go', async t => {
  t.strictSame(again('args.amount == 7'), denied)
  t.strictSame(again('subject.labels.team == "web" && request.time.getHours() == 12'), denied)
  for (const when of [
    'tool.readOnly',
    'request.protocol == "x"',
    'session.startedAt > request.time',
  ]) {
    t.strictSame(again(when), unknown('not_recorded'), when)
  }
  t.strictSame(again('session.toolCalls > 3'), unknown('session_unknown'))
})

t.test('facts that make no sense are none', async t => {
  const wrong = [
    {},
    { startedAt: 'noon' },
    { startedAt, toolCalls: -1 },
    { startedAt, readOnly: 'yes' },
    { startedAt, tools: [1] },
    { startedAt, newTools: { from: -1, names: [] } },
    [],
    'facts',
  ]
  for (const facts of wrong) {
    t.strictSame(again('tool.readOnly', { facts }), unknown('not_recorded'), JSON.stringify(facts))
  }
})

t.test('the tools of a session are known only if each has been named', async t => {
  const when = '"send" in session.toolsUsed'
  const named = (from: number, ...names: readonly string[]) => ({
    facts: { startedAt, newTools: { from, names } },
  })
  const facts = { startedAt, toolsUsed: 2 }
  t.strictSame(again(when, { facts }, [named(1, 'send'), named(0, 'read')]), denied)
  t.strictSame(again(when, { facts }, [named(1, 'send')]), unknown('session_unknown'))
  t.strictSame(again(when, { facts }, [named(0, 'send', '[redacted]')]), unknown('session_unknown'))
  const other = {
    facts: { startedAt: startedAt + 1, newTools: { from: 0, names: ['read', 'send'] } },
  }
  t.strictSame(again(when, { facts }, [other]), unknown('session_unknown'), 'of another session')
})

t.test('who called is unknown where the table that said so is gone', async t => {
  const table = side('subject.labels.team == "web"')
  const states = new SessionStates()
  const call = recorded({ facts: { startedAt, agentTable: 'sha256:gone' } })
  const session = states.of(call, wholeStretch)
  t.match(judgedThen(table, new Map(), call, session), {
    ...{ decision: null, unknown: 'agent_unknown', agreement: 'not_known' },
  })
})

t.test('a masked part that is read along with others may not matter', async t => {
  const args = { amount: 7, card: '[redacted]' }
  const some = { args, argsDigest: 'sha256:other' }
  t.match(again('args.card == "x" || args.amount == 7', some), {
    ...{ action: 'deny', unknown: 'redacted', agreement: 'same_action' },
  })
  t.strictSame(again('args.card == "x"', some), unknown('redacted'))
  t.match(again('has(args.card)', some), { action: 'deny', agreement: 'same_action' })
})

t.test('other policies are asked with the agent as they have it', async t => {
  const call = recorded({ facts: { startedAt, readOnly: true } })
  const session = new SessionStates().of(call, wholeStretch)
  const other = side('subject.labels.team == "web" && tool.readOnly')
  const { decision, trace } = judgedOtherwise(other, call, session)
  t.match(decision, { action: 'deny', rule: 'when' })
  t.match(trace, [{ policy: 'work', verdict: 'deny', rules: [{ outcome: 'matched' }, {}] }])
  const gone = recorded({ server: 'elsewhere' })
  t.match(judgedOtherwise(other, gone, session), {
    decision: null,
    unknown: 'not_offered',
    trace: [],
  })
})
