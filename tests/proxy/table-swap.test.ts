import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import t from 'tap'
import { compile } from '../../policy/compile/compile.ts'
import { checkTable } from '../../proxy/table/check-table.ts'
import { inSlices } from '../../proxy/table/in-slices.ts'
import { indexingKeys } from '../../proxy/table/index-keys.ts'
import { TablesInForce } from '../../proxy/table/tables.ts'
import type { RuleTable, TableAgent } from '../../schemas/rule-table.ts'
import { agent } from '../controller/documents.ts'

function inForce(json: string, sequence = 1) {
  const { namespace }: RuleTable = JSON.parse(json)
  const digest = `sha256:${createHash('sha256').update(json).digest('hex')}`
  const release = { namespace, sequence, digest, publishedAt: '', keyId: '', signature: '' }
  return checkTable(release, Buffer.from(json))
}

function tableOf(namespace: string, ...documents: string[]): string {
  const { tables, problems } = compile([{ path: 'a.yaml', text: documents.join('---\n') }])
  return tables?.get(namespace)?.json ?? JSON.stringify(problems)
}

const sha = (letter: string) => letter.repeat(64)

t.test('a key is whose it is, until it expires', async t => {
  const tables = new TablesInForce()
  const expiring = agent('ben', sha('b')).replace(' }] }', ', expires: 2026-12-01T00:00:00Z }] }')
  tables.swap(await inForce(tableOf('default', agent('ana', sha('a')), expiring)))
  const before = Date.parse('2026-11-30T23:59:59Z')
  t.match(tables.caller(sha('a'), before), {
    namespace: 'default',
    apiKey: 'laptop',
    agent: { name: 'ana' },
  })
  t.match(tables.caller(sha('b'), before), { agent: { name: 'ben' } })
  t.equal(tables.caller(sha('b'), before + 1000), null, 'expired')
  t.equal(tables.caller(sha('c'), before), null, 'unknown')
  tables.swap(await inForce(tableOf('default', agent('ana', sha('c'))), 2))
  t.equal(tables.caller(sha('a'), before), null, 'revoked by the next table')
})

t.test('a key in two namespaces opens neither', async t => {
  const tables = new TablesInForce()
  tables.swap(
    await inForce(tableOf('one', agent('ana', sha('a'), 'one'), agent('ben', sha('b'), 'one'))),
  )
  tables.swap(await inForce(tableOf('two', agent('eve', sha('a'), 'two'))))
  t.equal(tables.caller(sha('a'), 0), null)
  t.match(tables.caller(sha('b'), 0), { namespace: 'one' }, 'others are not touched')
})

t.test('a key that two agents claim opens neither, and a broken expiry has passed', async t => {
  const owner = (name: string, expires?: string): TableAgent => ({
    name,
    kind: '',
    user: '',
    groups: [],
    labels: {},
    apiKeys: [{ name: 'k', sha256: sha(name), ...(expires && { expires }) }],
    at: [0, 1, 1],
  })
  const agents = [owner('a'), owner('a'), owner('a'), owner('b', 'soon')]
  const keys = await inSlices(indexingKeys('default', agents, 'sha256:0'))
  const tables = new TablesInForce()
  tables.swap({ ...(await inForce(tableOf('default', agent('x', sha('f'))))), keys })
  t.equal(tables.caller(sha('a'), 0), null)
  t.equal(tables.caller(sha('b'), 0), null)
})

t.test('those who listen hear of every swap until they stop', async t => {
  const tables = new TablesInForce()
  const heard: string[] = []
  const stop = tables.subscribe(namespace => heard.push(namespace))
  tables.swap(await inForce(tableOf('one', agent('ana', sha('a'), 'one'))))
  stop()
  tables.swap(await inForce(tableOf('two', agent('ana', sha('a'), 'two'))))
  t.strictSame(heard, ['one'])
})

t.test('a slice ends as soon as its time is over', async t => {
  let clock = 0
  function* work() {
    for (let i = 0; i < 10; i += 1) {
      clock += 1.5
      yield
    }
    return 'done'
  }
  const slices: number[] = []
  let last = 0
  const now = () => {
    slices.push(clock - last)
    last = clock
    return clock
  }
  t.equal(await inSlices(work(), now), 'done')
  t.ok(Math.max(...slices) <= 1.5, 'time is looked at after every step')
  t.equal(clock, 15)
})

t.test('a table of 10,000 rules is loaded in steps, between which calls are served', async t => {
  const text = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: large }
spec:
  tools:
${Array.from({ length: 1000 }, (_, i) => `    - name: tool_${i}\n      rules:\n${'        - { when: "args.a == 1", action: deny }\n'.repeat(10)}`).join('')}`
  const json = tableOf('default', text)
  t.equal(canonicalize(JSON.parse(json)), json, 'the table is canonical')
  let turns = 0
  let loading = true
  const turn = () => {
    turns += 1
    if (loading) setImmediate(turn)
  }
  setImmediate(turn)
  const { table } = await inForce(json)
  loading = false
  t.equal(table.plans.policies.length, 1)
  t.ok(turns > 10, `the event loop turned ${turns} times meanwhile`)
})
