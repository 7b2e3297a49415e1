import { hash } from 'node:crypto'
import t from 'tap'
import { replayChange } from '../../../controller/replay/replay-change.ts'
import type { Record as Entry } from '../../../schemas/record.ts'
import { document, people, policiesOf, replayed } from './recorded-world.ts'

const bank = document('ToolServer', 'bank', { url: 'https://bank.example/mcp' })
const allow = { action: 'allow' }

function policies(rules: readonly object[], more: object = {}) {
  const tools = [{ name: 'pay', rules, ...more }]
  const models = [{ name: '*', rules: [allow] }]
  return policiesOf(people, bank, document('AccessPolicy', 'work', { tools, models }))
}

const noon = Date.parse('2026-11-20T12:00:00Z')
const hour = 3_600_000

/** An entry as a proxy writes it; the arguments are as they were judged unless a digest says otherwise. */
function entry(seq: number, some: Partial<Entry> = {}): Entry {
  const { args = { amount: 7 } } = some
  return {
    ...{ proxy: 'proxy-a', seq, time: at(seq), phase: 'attempt', call: `call-${seq}` },
    ...{ namespace: 'default', agent: 'bot', apiKey: 'laptop', user: 'ana', session: 's-1' },
    ...{ kind: 'tool', server: 'bank', tool: 'pay' },
    argsDigest: `sha256:${hash('sha256', JSON.stringify(args))}`,
    ...{ action: 'allow', reason: 'rule' },
    ...some,
    args,
  }
}

function at(seq: number, from = noon): string {
  return new Date(from + seq * 1000).toISOString()
}

function lines(...entries: readonly Entry[]): string {
  return entries.map(one => `${JSON.stringify(one)}\n`).join('')
}

const deny = { action: 'deny' }

t.test('no records come to nothing', async t => {
  t.strictSame(await replayed('', policies([allow])), {
    calls: 0,
    unjudged: { count: 0, reasons: [] },
    changedCalls: 0,
    changed: [],
    approvals: [],
    budgets: [],
    money: [],
  })
})

t.test('what would be decided otherwise is told with rule, place and examples', async t => {
  const rule = { name: 'much', when: 'args.amount > 5', ...deny }
  const all = [1, 2, 3, 4, 5].map(seq => entry(seq))
  const found = await replayed(lines(...all), policies([rule, allow]))
  t.strictSame(found.changed, [
    {
      ...{ namespace: 'default', from: 'allow', to: 'deny', kind: 'tool', name: 'pay' },
      ...{ server: 'bank', reason: 'rule', policy: 'work', rule: 'much' },
      at: found.changed[0]?.at,
      agents: ['bot'],
      count: 5,
      examples: [1, 2, 3].map(seq => ({
        ...{ proxy: 'proxy-a', seq, time: at(seq), agent: 'bot', session: 's-1' },
        args: '{"amount":7}',
      })),
    },
  ])
  t.match(found, { calls: 5, from: at(1), to: at(5) })
})

t.test('what is loosened comes first, then what is frequent', async t => {
  const calls = [
    ...[1, 2].map(seq => entry(seq)),
    entry(3, { action: 'deny' }),
    ...[4, 5, 6].map(seq => entry(seq, { args: { amount: 1 } })),
  ]
  const found = await replayed(
    lines(...calls),
    policies([
      { when: 'args.amount > 5 && session.id == "s-1" && args.amount != 7', ...deny },
      { name: 'small', when: 'args.amount < 5', ...deny },
      { name: 'asks', when: 'args.amount == 7', action: 'require_approval' },
    ]),
  )
  t.strictSame(
    found.changed.map(({ from, to, count }) => [from, to, count]),
    [
      ['deny', 'require_approval', 1],
      ['allow', 'require_approval', 2],
      ['allow', 'deny', 3],
    ],
  )
})

t.test('what stood in the way of an allowed call is not what policies decided', async t => {
  const refused = entry(1, { action: 'deny', reason: 'unknown_name' })
  t.equal((await replayed(lines(refused), policies([allow]))).changedCalls, 0)
})

t.test('a call is not judged by what its record does not show', async t => {
  const masked = (args: object) => entry(1, { args, argsDigest: `sha256:${'0'.repeat(64)}` })
  const found = async (one: Entry, when: string) => {
    const { unjudged } = await replayed(lines(one), policies([{ when, ...deny }, allow]))
    return unjudged.reasons.map(({ reason, count }) => [reason, count])
  }
  const token = { token: '[redacted]', amount: 7, list: ['[redacted]'] }
  const redacted = [['redacted', 1]]
  t.strictSame(await found(masked(token), 'args.token == "x"'), redacted)
  t.strictSame(await found(masked(token), '"x" in args.list'), redacted)
  t.strictSame(await found(masked(token), 'args.amount > 5'), [])
  t.strictSame(
    await found(masked({ text: 'a… (5 more characters)' }), 'args.text == "x"'),
    redacted,
  )
  t.strictSame(await found(masked({ '[redacted]': 1, a: 1 }), 'has(args.b)'), redacted)
  t.strictSame(await found(masked({ inner: { '[redacted]': 1 } }), 'has(args.inner.b)'), redacted)
  t.strictSame(await found(masked({ amount: 7 }), 'args.amount > 5'), redacted, 'nothing is marked')
  const { args: _, ...bare } = entry(1)
  t.strictSame(await found(bare as Entry, 'args.amount > 5'), redacted)
  // What only looks like it is what the digest says it is.
  t.strictSame(await found(entry(1, { args: { token: '[redacted]' } }), 'args.token == "x"'), [])
  const unordered = { b: 1, a: '[redacted]' }
  const digest = `sha256:${hash('sha256', '{"a":"[redacted]","b":1}')}`
  const shuffled = entry(1, { args: unordered, argsDigest: digest })
  t.strictSame(await found(shuffled, 'args.a == "x"'), [])
})

t.test('a call is not judged by facts that records do not hold', async t => {
  const reason = async (one: Entry, when: string) => {
    const { unjudged } = await replayed(lines(one), policies([{ when, ...deny }, allow]))
    return unjudged.reasons[0]?.reason
  }
  t.equal(await reason(entry(1), 'tool.readOnly'), 'not_recorded')
  t.equal(await reason(entry(1), 'tool.destructive'), 'not_recorded')
  t.equal(await reason(entry(1), 'request.protocol == "x"'), 'not_recorded')
  t.equal(await reason(entry(1), 'session.startedAt < request.time'), 'not_recorded')
  t.equal(await reason(entry(1), 'subject.labels.team == "web"'), undefined)
  t.equal(await reason(entry(1, { agent: 'gone' }), '"x" in subject.groups'), 'agent_unknown')
  t.equal(await reason(entry(1, { agent: 'gone' }), 'subject.kind == "x"'), 'agent_unknown')
  t.equal(await reason(entry(1, { agent: 'gone' }), 'subject.user == "x"'), 'agent_unknown')
  t.equal(await reason(entry(1, { agent: 'gone' }), 'has(subject.labels.x)'), 'agent_unknown')
  t.equal(await reason(entry(1, { agent: 'gone' }), 'subject.agent == "x"'), undefined)
  t.equal(await reason(entry(1, { server: 'elsewhere' }), 'args.amount > 5'), 'not_offered')
  t.equal(await reason(entry(1, { tool: 'pay_[redacted]' }), 'args.amount > 5'), 'redacted')
  t.equal(await reason(entry(1, { namespace: 'other' }), 'args.amount > 5'), 'no_table')
})

/** An attempt to use a model. */
function modelEntry(seq: number, some: Partial<Entry> = {}): Entry {
  const { server: _, tool: __, args: ___, ...rest } = entry(seq)
  const about = { model: 'small', requestedModel: 'small', provider: 'played', stream: true }
  return { ...rest, kind: 'model', ...about, endpoint: '/openai/v1/chat/completions', ...some }
}

t.test('calls of models are judged as far as their requests are recorded', async t => {
  const reason = async (one: Entry, when: string) => {
    const models = [{ name: '*', rules: [{ when, ...deny }, allow] }]
    const after = policiesOf(people, bank, document('AccessPolicy', 'work', { models }))
    const { unjudged, changed } = await replayed(lines(one), after)
    return unjudged.reasons[0]?.reason ?? changed[0]?.to ?? 'same'
  }
  t.equal(await reason(modelEntry(1), 'model.name == "small"'), 'deny')
  t.equal(await reason(modelEntry(1), 'request.stream'), 'deny')
  t.equal(await reason(modelEntry(1), 'model.provider == "x"'), 'same')
  t.equal(await reason(modelEntry(1), 'request.maxTokens > 5'), 'not_recorded')
  t.equal(await reason(modelEntry(1), 'request.inputTokens > 5'), 'not_recorded')
  t.equal(await reason(modelEntry(1), '"x" in request.tools'), 'not_recorded')
  t.equal(await reason(modelEntry(1, { model: 'other' }), 'request.stream'), 'not_offered')
  const { provider: _, ...unknown } = modelEntry(1, { model: 'small' })
  t.equal(await reason(unknown as Entry, 'request.stream'), 'not_offered', 'it is offered now')
  t.equal(await reason({ ...unknown, model: 'nobody' } as Entry, 'request.stream'), 'deny')
})

t.test('a reason is where these policies would have it', async t => {
  const reasoned = { justification: 'optional' }
  const rule = { when: 'request.justification == "so"', ...deny }
  const told = async (one: Entry, more: object) => {
    const { changed, unjudged } = await replayed(lines(one), policies([rule, allow], more))
    return changed[0]?.to ?? unjudged.reasons[0]?.reason ?? 'same'
  }
  t.equal(await told(entry(1, { justification: 'so' }), reasoned), 'deny')
  t.equal(await told(entry(1, { justification: 'so' }), {}), 'same', 'nobody asks for one')
  t.equal(await told(entry(1, { args: { justification: 'so' } }), reasoned), 'deny')
  t.equal(await told(entry(1, { args: { justification: 7 } }), reasoned), 'same')
  t.equal(await told(entry(1, { justification: 'as [redacted]' }), reasoned), 'redacted')
  const hidden = { args: { justification: '[redacted]' }, argsDigest: 'sha256:0' }
  t.equal(await told(entry(1, hidden), reasoned), 'redacted')
  const required = { justification: 'required' }
  t.equal(await told(entry(1), required), 'deny')
  t.equal(await told(entry(1, { justification: 'no' }), required), 'same')
  const args = { justification: 'no', amount: 7 }
  t.equal(await told(entry(1, { args }), required), 'same')
})

const often = [{ when: 'session.toolCalls >= 2', ...deny }, allow]

t.test('what a session did is rebuilt, and is known to be unknown after a gap', async t => {
  const told = async (...entries: readonly Entry[]) => {
    const { unjudged, changedCalls } = await replayed(lines(...entries), policies(often))
    return [changedCalls, unjudged.reasons[0]?.reason, unjudged.count]
  }
  const three = [1, 2, 3].map(seq => entry(seq))
  t.strictSame(await told(...three), [1, undefined, 0])
  t.strictSame(await told(...[11, 12, 13].map(seq => entry(seq))), [0, 'session_unknown', 3])
  t.strictSame(await told(entry(1), entry(3)), [0, 'session_unknown', 1])
  const later = (seq: number, hours: number, some: Partial<Entry> = {}) =>
    entry(seq, { time: at(0, noon + hours * hour), ...some })
  // A proxy that was heard for twelve hours would have spoken of it.
  const other = { session: 's-2' }
  t.strictSame(
    await told(later(11, 0), later(12, 13, other), later(13, 13, other), later(14, 13, other)),
    [1, 'session_unknown', 1],
  )
  t.strictSame(await told(later(1, 0), later(2, 0), later(3, 13)), [0, undefined, 0], 'forgotten')
  const refused = { action: 'deny', reason: 'repeated_id' } as const
  t.strictSame(await told(entry(1, refused), entry(2, refused), entry(3)), [0, undefined, 0])
})

t.test('models, money and the names of tools are part of what a session did', async t => {
  const rule = (when: string) => policies([{ when, ...deny }, allow])
  const charges: Entry['charges'] = []
  const all = [
    modelEntry(1, { charges }),
    {
      ...modelEntry(2, { costMicroUsd: 2_500_000, status: 'succeeded' }),
      phase: 'outcome',
      call: 'call-1',
    },
    entry(3),
    entry(4),
  ] as const
  const denied = async (when: string) => (await replayed(lines(...all), rule(when))).changedCalls
  t.equal(await denied('session.modelCalls == 1'), 2)
  t.equal(await denied('session.spentUsd == 2.5'), 2)
  t.equal(await denied('session.toolsUsed == ["pay"]'), 1)
})

t.test('calls before the time that is asked about only say what sessions did', async t => {
  const all = lines(...[1, 2, 3, 4].map(seq => entry(seq)))
  const found = await replayed(all, policies(often), null, { since: noon + 4000 })
  t.match(found, { calls: 1, changedCalls: 1 })
})

t.test('namespaces without policies may be let pass', async t => {
  const all = lines(entry(1, { namespace: 'other' }), entry(2))
  t.match(await replayed(all, policies([allow]), null, { onlyKnown: true }), { calls: 1 })
})

t.test('two policies are held against each other', async t => {
  const before = policies([{ when: 'args.amount > 5', ...deny }, allow])
  const found = await replayed(lines(entry(1), entry(2)), policies([allow]), before)
  t.match(found.changed, [{ from: 'deny', to: 'allow', count: 2 }])
  const elsewhere = policiesOf(
    document('AccessPolicy', 'work', {}).replace('"work"', '"work","namespace":"far"'),
  )
  const none = await replayed(lines(entry(1)), policies([allow]), elsewhere)
  t.match(none.unjudged.reasons, [{ reason: 'no_table' }])
  const blind = policies([{ when: 'tool.readOnly', ...deny }, allow])
  t.match((await replayed(lines(entry(1)), policies([allow]), blind)).unjudged, {
    reasons: [{ reason: 'not_recorded' }],
  })
})

t.test('lines that are no records are counted', async t => {
  const odd = [
    'no json',
    '[]',
    '{"proxy":"a"}',
    JSON.stringify({ ...entry(1), seq: 'one' }),
    JSON.stringify({ ...entry(1), session: 7 }),
    JSON.stringify({ ...entry(1), action: 'perhaps' }),
    `${'['.repeat(100_000)}`,
    '',
    JSON.stringify(entry(1)),
  ]
  const { calls, unjudged } = await replayed(odd.join('\n'), policies([allow]))
  t.equal(calls, 8)
  t.match(unjudged.reasons, [{ reason: 'malformed', count: 7, examples: [] }])
})

t.test('written calls are judged, and compared with other policies alone', async t => {
  const calls = [
    { session: 'one', seq: 1, tool: 'pay', args: { amount: 1 } },
    { session: 'one', seq: 2, tool: 'pay', args: { amount: 2 } },
    { session: 'one', seq: 3, tool: 'pay', args: { amount: 3 } },
    { tool: 'pay', time: 'soon' },
    { tool: 7 },
  ]
  const text = calls.map(call => JSON.stringify(call)).join('\n')
  const after = policies(often)
  const found = await replayed(text, after, policies([allow]))
  t.match(found, { calls: 5, changedCalls: 1, unjudged: { count: 2 } })
  t.match(found.changed, [{ examples: [{ session: 'one', seq: 3 }] }])
  const alone = await replayed(text, after)
  t.match(alone.unjudged.reasons, [{ reason: 'undecided', count: 3 }, { reason: 'malformed' }])
})

t.test('people are asked once about one request', async t => {
  const asking = policies([{ action: 'require_approval' }], { approvalWorkflow: 'leads' })
  const request = { action: 'require_approval', workflows: ['leads'], approval: 'a-1' } as const
  const all = [entry(1, request), entry(2, request), entry(3), entry(4, { user: 'ben' })]
  const found = await replayed(lines(...all), asking)
  // Ana owned the agent, so she was not asked; by these policies it belongs to nobody.
  t.strictSame(found.approvals, [
    { user: 'ana', before: 0, after: 3, askedBefore: 0, askedAfter: 3, days: 1 },
    { user: 'ben', before: 1, after: 3, askedBefore: 1, askedAfter: 3, days: 1 },
  ])
  t.equal(found.calls, 3)
})

t.test('a change is replayed on the ledger, and on no other namespace', async t => {
  const pages = [
    lines(entry(1), entry(2)).trim().split('\n'),
    lines(entry(3), entry(4, { namespace: 'other' }))
      .trim()
      .split('\n'),
  ]
  const asked: unknown[] = []
  const ledger = {
    list: async (filter: object, after: object | null) => {
      asked.push([filter, after])
      const page = after === null ? 0 : 1
      const next = page === 0 ? { time: noon, proxy: 'proxy-a', seq: 2 } : null
      return { entries: pages[page] ?? [], next }
    },
  }
  const span = 2 * 24 * hour
  const now = () => noon + 60_000
  const change = { before: policies([allow]), after: policies(often), span }
  const found = await replayChange({ ledger, now }, change, new AbortController().signal)
  t.match(found, { calls: 3, changedCalls: 1 })
  const since = noon + 60_000 - span - 12 * hour
  const filter = { words: {}, since, until: noon + 60_000, order: 'oldest' }
  t.strictSame(asked, [
    [filter, null],
    [filter, { time: noon, proxy: 'proxy-a', seq: 2 }],
  ])
})

t.test('a replay ends when it is given up, and for a table that is none', async t => {
  const ended = AbortSignal.abort(new Error('given up'))
  const ledger = { list: async () => ({ entries: [JSON.stringify(entry(1))], next: null }) }
  const change = { before: policies([allow]), after: policies([allow]), span: hour }
  await t.rejects(replayChange({ ledger, now: () => noon }, change, ended), { message: 'given up' })
  const broken = { tables: new Map([['default', '{"budgets":[]}']]), directories: [] }
  await t.rejects(replayed(lines(entry(1)), broken), { name: 'TypeError' })
})
