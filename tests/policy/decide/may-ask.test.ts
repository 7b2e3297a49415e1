import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'
import { asksAtAll, mayAsk } from '../../../policy/decide/may-ask.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'

const policy = (name: string, spec: object, namespace = 'default') =>
  JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name, namespace },
    spec,
  })

const loaded = (...policies: readonly string[]) =>
  load(
    compile([{ path: 'a.yaml', text: policies.join('\n---\n') }]).tables?.get('default')?.json ??
      '',
  )

const ask = { action: 'require_approval' }
const allow = { action: 'allow' }

t.test(
  'people may be asked where a rule that may hold says so, and where nothing else speaks',
  async t => {
    const tools = [
      { name: 'rule', rules: [{ when: 'args.n > 1.0', ...ask }, allow] },
      { name: 'never', rules: [{ when: 'subject.agent == "other"', ...ask }, allow] },
      { name: 'allowed', rules: [allow] },
      { name: 'off', enabled: false, rules: [ask] },
    ]
    const may = (tool: string, ...policies: readonly string[]) =>
      mayAsk(loaded(...policies), factsOf({ tool, subject: { agent: 'a' } }))
    const plain = policy('p', { tools })
    t.strictSame(
      ['rule', 'never', 'allowed', 'off', 'unlisted'].map(tool => may(tool, plain)),
      [true, false, false, false, false],
    )
    t.ok(may('unlisted', policy('p', { tools, defaults: { unmatched: 'require_approval' } })))
    const above = { tools: [{ name: 't', rules: [] }], defaults: { unmatched: 'require_approval' } }
    t.ok(may('t', plain, policy('above', above, 'writ-system')))
  },
)

t.test('what a portable file asks about its tools may be asked', async t => {
  const portable = (tool: object) =>
    loaded(
      JSON.stringify({
        version: '1.0',
        metadata: { name: 'p' },
        approval_workflows: [{ name: 'w' }],
        tools: [{ name: 't', ...tool }],
      }),
    )
  const call = factsOf({ tool: 't', server: 'builtin' })
  t.ok(mayAsk(portable({ approval_workflow: 'w' }), call))
  t.ok(mayAsk(portable({}), call), 'a condition that cannot be evaluated asks')
  t.ok(asksAtAll(portable({}), call))
})

t.test('what an entry says where no rule matches may be to ask', async t => {
  const { json = '' } =
    compile([
      { path: 'a.yaml', text: policy('p', { tools: [{ name: 't', rules: [] }] }) },
    ]).tables?.get('default') ?? {}
  const may = (action: string) => {
    const table: RuleTable = JSON.parse(json)
    const [written] = table.policies
    const tools = written?.tools.map(entry => ({ ...entry, otherwise: { action, workflows: [] } }))
    const changed = { ...table, policies: [{ ...written, tools }] }
    return mayAsk(load(JSON.stringify(changed)), factsOf({ tool: 't' }))
  }
  t.strictSame(['allow', 'require_approval'].map(may), [false, true])
})

t.test('a caller is asked about nothing where no enforced policy that selects it asks', async t => {
  const asks = (...policies: readonly string[]) =>
    asksAtAll(loaded(...policies), factsOf({ tool: 't', subject: { agent: 'a' } }))
  const tools = [{ name: 'x', rules: [ask] }]
  t.notOk(asks(policy('p', { tools: [{ name: 'x', rules: [allow] }] })))
  t.notOk(asks(policy('p', { tools, mode: 'observe' })))
  t.notOk(asks(policy('p', { tools, subjects: { agents: ['b'] } })))
  t.ok(asks(policy('p', { tools, subjects: { agents: ['a*'] } })))
  t.ok(asks(policy('p', { defaults: { unmatched: 'require_approval' } })))
})
