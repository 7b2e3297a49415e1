import t from 'tap'
import { RawClient } from './raw-client.ts'
import { says, smallServer, tool } from './small-server.ts'
import { allowAll, keys, toolServer, world } from './world.ts'

const policy = (...tools: object[]) =>
  JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'rules' },
    spec: { tools },
  })

const allow = [{ action: 'allow' }]

t.test('an allowed call reaches the server and leaves an attempt and an outcome', async t => {
  const server = await smallServer(t, tool('echo', { annotations: { readOnlyHint: true } }))
  const rule = { name: 'reads', when: 'tool.readOnly && args.n == 1', action: 'allow' }
  const { url, journal, connected } = await world(t, [
    policy({ name: 'echo', rules: [rule] }),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const { result } = await client.call('echo', { n: 1, password: 'p' }, { _meta: { callId: 'c1' } })
  t.strictSame(result, says('{"n":1,"password":"p"}'))
  t.strictSame(server.heard.at(-1)?.params, {
    name: 'echo',
    arguments: { n: 1, password: 'p' },
    _meta: { callId: 'c1' },
  })
  const [attempt, outcome] = journal.entries
  t.match(attempt, {
    phase: 'attempt',
    namespace: 'default',
    agent: 'claude',
    apiKey: 'laptop',
    session: client.session,
    clientCallId: 'c1',
    kind: 'tool',
    server: 'small',
    tool: 'echo',
    args: { n: 1, password: '[redacted]' },
    argsDigest: /^sha256:[0-9a-f]{64}$/,
    action: 'allow',
    reason: 'rule',
    policy: 'rules',
    rule: 'reads',
    at: { file: 'policies.yaml' },
    table: /^sha256:/,
  })
  t.match(outcome, {
    phase: 'outcome',
    call: attempt?.call,
    status: 'succeeded',
    upstreamStatus: '200',
    resultDigest: /^sha256:/,
    resultBytes: Number,
    durationMs: Number,
  })
  t.notOk(JSON.stringify(journal.entries).includes('"p"'), 'the secret is in no record')
})

t.test('a denied call is a tool result that names the rule, and nothing is sent', async t => {
  const server = await smallServer(t, tool('deploy'))
  const rules = [
    { name: 'no-prod', when: 'args.env == "prod"', action: 'deny', message: 'Use staging' },
    { action: 'allow' },
  ]
  const { url, journal, connected } = await world(t, [
    policy({ name: 'deploy', rules }),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const { result } = await client.call('deploy', { env: 'prod' })
  const { text } = result?.content?.[0] ?? { text: '' }
  t.match(
    text,
    /^Writ refused the call of "deploy": denied by rule "no-prod" of policy "rules" \(policies\.yaml:\d+\): Use staging\. /,
  )
  t.strictSame(result, {
    content: [{ type: 'text', text }],
    isError: true,
    structuredContent: {
      decision: 'deny',
      reason: 'rule',
      rule: 'no-prod',
      policy: 'rules',
      requestId: journal.entries[0]?.call,
    },
  })
  t.strictSame(journal.story, ['deploy attempt deny rule', 'deploy outcome deny rule refused'])
  t.notOk(server.heard.some(({ method }) => method === 'tools/call'))
  const failed = await client.call('deploy', {})
  t.match(failed.result?.structuredContent, { reason: 'condition_error', rule: 'no-prod' })
})

t.test('a call that needs approval is refused where nobody can be asked', async t => {
  const server = await smallServer(t, tool('deploy'))
  const { url, journal, connected } = await world(t, [
    policy({ name: 'deploy', rules: [{ name: 'ask', action: 'require_approval' }] }),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const { result } = await client.call('deploy')
  t.match(
    result?.content?.[0]?.text,
    /approval required by rule "ask" .*People cannot be asked at the moment: .*Nothing was sent/,
  )
  t.match(result?.structuredContent, {
    decision: 'require_approval',
    reason: 'approval_unavailable',
    rule: 'ask',
  })
  t.strictSame(journal.story, [
    'deploy attempt require_approval rule',
    'deploy outcome require_approval rule refused',
  ])
})

t.test('structured content is left out where the tool has an output schema', async t => {
  const schema = { outputSchema: { type: 'object', properties: { n: { type: 'number' } } } }
  const server = await smallServer(t, tool('sum', schema))
  const { url, connected } = await world(t, [
    policy({ name: 'sum', rules: [{ when: 'args.n == 1', action: 'deny' }, ...allow] }),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const { result } = await client.call('sum', { n: 1 })
  t.match(result, { isError: true, _meta: { 'writ.dev/refusal': { reason: 'rule' } } })
  t.notOk(result && 'structuredContent' in result)
})

t.test('lists show what could be allowed for this caller and nothing else', async t => {
  const server = await smallServer(t, tool('read'), tool('write'), tool('erase'), tool('other'))
  server.prompts = [{ name: 'summary' }, { name: 'secret' }]
  server.resources = [
    { uri: 'file:///a', name: 'a' },
    { uri: 'secret:///b', name: 'b' },
  ]
  const document = JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'lists' },
    spec: {
      tools: [
        { name: 'read', rules: allow },
        { name: 'write', rules: [{ when: 'subject.agent == "claude"', action: 'allow' }] },
        { name: 'erase', enabled: false, rules: allow },
      ],
      prompts: [{ name: 'summary', rules: allow }],
      resources: [{ uri: 'file:///*', rules: allow }],
    },
  })
  const { url, connected } = await world(t, [document, toolServer('small', { url: server.url })])
  await connected()
  const names = async (key: string) => {
    const client = await RawClient.open(url, key)
    const { result } = await client.ask('tools/list')
    return result?.tools?.map(({ name }) => name)
  }
  t.strictSame(await names(keys.claude), ['read', 'write'])
  t.strictSame(await names(keys.other), ['read'])
  const client = await RawClient.open(url, keys.claude)
  t.strictSame((await client.ask('prompts/list')).result, { prompts: [{ name: 'summary' }] })
  t.strictSame((await client.ask('resources/list')).result, {
    resources: [{ uri: 'file:///a', name: 'a' }],
  })
  t.match((await client.ask('resources/read', { uri: 'secret:///b' })).error, {
    code: -32000,
    message: /^Writ refused access to the resource "secret:\/\/\/b"/,
    data: { decision: 'deny', reason: 'unmatched' },
  })
  t.match((await client.ask('prompts/get', { name: 'secret' })).error, { code: -32000 })
  const ref = { type: 'ref/prompt', name: 'secret' }
  const completion = { ref, argument: { name: 'a', value: '' } }
  t.match((await client.ask('completion/complete', completion)).error, { code: -32602 })
  t.strictSame(
    server.heard.filter(({ method }) => !method.startsWith('notifications/')),
    [],
  )
})

t.test('a reason is asked for, demanded, taken out and judged', async t => {
  const server = await smallServer(t, tool('deploy'), tool('look'))
  const why = { name: 'why', when: 'request.justification == "hotfix"', action: 'allow' }
  const { url, journal, connected } = await world(t, [
    policy(
      { name: 'deploy', justification: 'required', rules: [why] },
      { name: 'look', rules: allow },
    ),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const { result } = await client.ask('tools/list')
  const [deploy, look] = result?.tools ?? []
  t.match(deploy?.inputSchema, {
    properties: { text: { type: 'string' }, justification: { type: 'string' } },
    required: ['justification'],
  })
  t.notOk(JSON.stringify(look).includes('justification'))
  const without = await client.call('deploy', { text: 'a' })
  t.match(without.result?.structuredContent, { reason: 'justification_required' })
  const given = await client.call('deploy', { text: 'a', justification: 'hotfix' })
  t.strictSame(given.result, says('{"text":"a"}'))
  t.match(journal.entries.at(-2), { justification: 'hotfix', args: { text: 'a' } })
  const own = await client.call('look', { justification: 'mine' })
  t.strictSame(own.result, says('{"justification":"mine"}'), 'an argument of its own is left alone')
})

t.test(
  'a prefix is put before names and taken off again; a name of two servers is nobody’s',
  async t => {
    const one = await smallServer(t, tool('echo'), tool('both'))
    const two = await smallServer(t, tool('echo'), tool('both'))
    one.prompts = [{ name: 'hi' }]
    const { url, journal, connected } = await world(t, [
      allowAll,
      toolServer('one', { url: one.url, prefix: 'one.' }),
      toolServer('two', { url: two.url }),
      toolServer('three', { url: (await smallServer(t, tool('both'))).url }),
    ])
    await connected()
    const client = await RawClient.open(url, keys.claude)
    const { result } = await client.ask('tools/list')
    t.strictSame(result?.tools?.map(({ name }) => name).sort(), ['echo', 'one.both', 'one.echo'])
    await client.call('one.echo')
    t.match(one.heard.at(-1)?.params, { name: 'echo' })
    await client.ask('prompts/get', { name: 'one.hi' })
    t.match(one.heard.at(-1)?.params, { name: 'hi' })
    const refused = await client.call('both')
    t.match(refused.result?.structuredContent, { reason: 'ambiguous_name' })
    t.equal(journal.story.at(-1), 'both outcome deny ambiguous_name refused')
    t.strictSame(
      two.heard.filter(({ method }) => method === 'tools/call'),
      [],
    )
  },
)

t.test('session facts count the calls that went out', async t => {
  const server = await smallServer(t, tool('read'), tool('send'))
  const { url, connected } = await world(t, [
    policy(
      { name: 'read', rules: [{ when: 'session.toolCalls < 2', action: 'allow' }] },
      { name: 'send', rules: [{ when: '"read" in session.toolsUsed', action: 'deny' }, ...allow] },
    ),
    toolServer('small', { url: server.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  t.notOk((await client.call('send')).result?.isError)
  t.notOk((await client.call('read')).result?.isError)
  t.ok((await client.call('read')).result?.isError, 'two calls were made')
  t.ok((await client.call('send')).result?.isError, 'after reading nothing is sent')
  const fresh = await RawClient.open(url, keys.claude)
  t.notOk((await fresh.call('read')).result?.isError, 'another session starts anew')
})

t.test('the next call is judged by the next table; no table refuses everything', async t => {
  const server = await smallServer(t, tool('echo'))
  const small = toolServer('small', { url: server.url })
  const { url, tables, connected } = await world(t, [allowAll, small])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  const stream = await client.listen()
  t.teardown(() => stream.close())
  t.notOk((await client.call('echo')).result?.isError)
  tables.put(small)
  t.match((await stream.next()).message, { method: 'notifications/tools/list_changed' })
  t.match((await client.call('echo')).result?.structuredContent, { reason: 'no_policy' })
  t.strictSame((await client.ask('tools/list')).result, { tools: [] })
  t.equal(server.heard.filter(({ method }) => method === 'initialize').length, 0)
})

t.test('a server that the table changes is started anew, the others are left alone', async t => {
  const [one, two] = [await smallServer(t, tool('one')), await smallServer(t, tool('two'))]
  const { url, tables, connected } = await world(t, [
    allowAll,
    toolServer('one', { url: one.url }),
    toolServer('two', { url: two.url }),
  ])
  await connected()
  const client = await RawClient.open(url, keys.claude)
  await client.call('one')
  await client.call('two')
  const headers = { 'x-new': 'yes' }
  tables.put(
    allowAll,
    toolServer('one', { url: one.url, headers }),
    toolServer('two', { url: two.url }),
  )
  await connected()
  await client.call('one')
  t.equal(one.heard.at(-1)?.headers['x-new'], 'yes')
  const greetings = ({ heard }: typeof one) =>
    heard.filter(({ method }) => method === 'notifications/initialized').length
  t.strictSame([greetings(one), greetings(two)], [4, 2], 'two was greeted once for each link')
  tables.put(allowAll, toolServer('two', { url: two.url }))
  t.match((await client.call('one')).result?.structuredContent, { reason: 'unknown_name' })
})

t.test('without a table the proxy is alive, not ready, and refuses every key', async t => {
  const { url, tables } = await world(t, [])
  tables.clear()
  const get = async (path: string) => (await fetch(new URL(path, url))).status
  t.strictSame([await get('/healthz'), await get('/readyz')], [200, 503])
  const client = new RawClient(url, keys.claude)
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 401)
})

t.test('servers of a table that was there first are started before anyone calls', async t => {
  const server = await smallServer(t, tool('echo'))
  const { reports, connected } = await world(
    t,
    [allowAll, toolServer('small', { url: server.url })],
    {
      early: true,
    },
  )
  t.equal(reports.length, 1)
  await connected()
})

t.test('metrics and health are served, and nothing else', async t => {
  const { url } = await world(t, [allowAll])
  const get = async (path: string) => (await fetch(new URL(path, url))).status
  t.strictSame(
    [await get('/healthz'), await get('/readyz'), await get('/metrics'), await get('/')],
    [200, 200, 200, 404],
  )
  const client = await RawClient.open(url, keys.claude)
  await client.call('nothing')
  const metrics = await (await fetch(new URL('/metrics', url))).text()
  t.match(metrics, /writ_decisions_total\{kind="tool",action="allow",reason="rule"\} 1/)
  t.match(metrics, /writ_mcp_sessions 1/)
})
