import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkBundle } from '../../../cli/audit/check-bundle.ts'
import type { EvidenceBundle } from '../../../schemas/evidence-bundle.ts'
import type { Record as Entry } from '../../../schemas/record.ts'
import { document, recordedWorld } from '../../controller/replay/recorded-world.ts'
import { tokens } from '../../controller/world.ts'
import { writ } from '../writ.ts'

const policy = document('AccessPolicy', 'work', {
  tools: [
    { name: 'pay', rules: [{ name: 'small', when: 'args.amount <= 10', action: 'allow' }] },
    { name: 'look', rules: [{ name: 'rest', action: 'allow' }] },
    {
      name: 'ask',
      approvalWorkflow: 'leads',
      rules: [{ name: 'leads', action: 'require_approval' }],
    },
  ],
})

const w = await recordedWorld(t, policy)
const client = await w.connect()
await client.call('pay', { amount: 1 })
await client.call('look', { path: 'a' })
await client.call('pay', { amount: 50 })
await client.call('ask', { amount: 7 })
await w.approve()
await client.call('ask', { amount: 7 })
const entries: readonly Entry[] = (await w.records(10))
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))

async function bundleOf(find: (entry: Entry) => boolean): Promise<EvidenceBundle> {
  const call = entries.find(find)?.call ?? ''
  return (await (await w.api(`/api/v1/audit/calls/${call}/bundle`)).json()) as EvidenceBundle
}

const denied = await bundleOf(({ tool, action }) => tool === 'pay' && action === 'deny')
const asked = await bundleOf(({ tool, status }) => tool === 'ask' && status === 'succeeded')

t.test('everything about a call is proved', async t => {
  const { proved, flaws, proofs, doubts, report } = checkBundle(denied, {})
  t.strictSame({ proved, flaws }, { proved: true, flaws: [] })
  t.match(report.chains, [{ entries: 2, checkpointed: { checkpoint: Number } }])
  const text = proofs.join('\n')
  t.match(text, /wrote entry \d+ at .*: attempt, deny/)
  t.match(text, /The table that decided is here as it was: sha256:/)
  t.match(text, /put it in force in default, signed by/)
  t.match(text, 'Judged again by that table, the call is decided exactly as recorded.')
  t.match(doubts.join('\n'), /compare it/)
})

t.test('what people were asked and answered is in it', async t => {
  const { proved, flaws, proofs } = checkBundle(asked, {})
  t.strictSame({ proved, flaws }, { proved: true, flaws: [] })
  const text = proofs.join('\n')
  t.match(text, 'People were asked about the arguments that the entries name.')
  t.match(text, 'What people were shown is what the digest of their approval covers.')
  t.match(text, /The proxy was told: ana said approve/)
})

t.test('whatever is changed in it is found', async t => {
  const table = denied.table!
  const approval = asked.approval!
  const cases: Readonly<Record<string, EvidenceBundle>> = {
    'another call': { ...denied, call: 'another' },
    'an entry': { ...denied, proof: denied.proof.map(line => line.replace('deny', 'allow')) },
    'no entry': { ...denied, proof: denied.proof.filter(line => !line.startsWith('{"proxy":')) },
    'another chain': { ...denied, proof: asked.proof },
    'no table': { ...denied, table: null },
    'the text of the table': {
      ...denied,
      table: { ...table, body: String(table.body).replace('10', '99') },
    },
    'the release': {
      ...denied,
      table: { ...table, release: { ...table.release!, publishedAt: '2026-01-01T00:00:00Z' } },
    },
    'the arguments': {
      ...asked,
      approval: { ...approval, question: { ...approval.question, argsDigest: table.digest } },
    },
    'the request': {
      ...asked,
      approval: { ...approval, request: { ...approval.request, id: 'other' } },
    },
  }
  for (const [name, bundle] of Object.entries(cases)) t.notOk(checkBundle(bundle, {}).proved, name)
})

t.test('the command line fetches one and checks it', async t => {
  const folder = t.testdir()
  const file = join(folder, 'evidence.json')
  const at = ['--url', w.url.href, '--token', tokens.admin]
  const made = await writ(['audit', 'bundle', denied.call, '-f', file, ...at])
  t.equal(made.code, 0, made.err)
  const checked = await writ(['audit', 'verify', '--bundle', file])
  t.equal(checked.code, 0, checked.err)
  t.match(checked.out, `no flaw in what speaks for call ${denied.call}`)
  writeFileSync(file, JSON.stringify({ ...denied, call: 'another' }))
  t.equal((await writ(['audit', 'verify', '--bundle', file])).code, 1)
  writeFileSync(file, '{}')
  t.equal((await writ(['audit', 'verify', '--bundle', file])).code, 2)
  const whole = await writ(['audit', 'verify', ...at])
  t.equal(whole.code, 0, whole.out)
  t.match(whole.out, /^no flaw in \d+ entries of 1 proxy/)
  t.match(whole.out, /are whole and in order, from the first that it wrote/)
})
