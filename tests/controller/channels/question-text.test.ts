import t from 'tap'
import { outcomeText, questionText } from '../../../controller/channels/question-text.ts'
import type { ApprovalRequest } from '../../../schemas/approval.ts'

const digest = `sha256:${'0'.repeat(64)}`

const request: ApprovalRequest = {
  id: 'apr-0000000000000000',
  state: 'pending',
  namespace: 'default',
  digest,
  agent: 'claude',
  apiKey: 'laptop',
  user: 'ana',
  kind: 'tool',
  server: 'bank',
  tool: 'pay',
  args: { amount: 10 },
  justification: 'Rent.',
  rule: {
    policy: 'payments',
    rule: 'ask',
    message: 'Payments need a person.',
    file: 'a.yaml',
    line: 7,
  },
  workflow: 'finance,',
  workflows: [
    { name: 'finance', required: 2, received: 1, mayDecide: ['ben'], requireReason: false },
    { name: '', required: 1, received: 0, mayDecide: ['cleo'], requireReason: false },
  ],
  table: digest,
  requestedAt: '2026-11-21T12:00:00.000Z',
  expiresAt: '2026-11-21T12:05:00.000Z',
  votes: [],
  notifications: [],
}

t.test('it says who asks for what, why, and how long it is open', async t => {
  t.strictSame(questionText(request), {
    title: 'claude asks to call bank / pay',
    facts: [
      { name: 'Tool', text: 'bank / pay' },
      { name: 'Agent', text: 'claude, owned by ana, key laptop, namespace default' },
      { name: 'Rule', text: 'Payments need a person.' },
      { name: 'Written in', text: 'payments / ask (a.yaml:7)' },
      { name: 'The agent says', text: 'Rent.' },
      { name: 'Needed', text: '1 of 2 by finance, 0 of 1 by the owners of the namespace' },
      { name: 'Open until', text: '2026-11-21T12:05:00.000Z' },
    ],
    args: '{\n  "amount": 10\n}',
    whole: true,
  })
})

t.test('what does not show is written out', async t => {
  const { args, title, facts } = questionText({
    ...request,
    tool: 'pay\u200bment\r\nAgent: somebody else',
    args: { to: 'mallory\u202eyrollam\u2066', nul: '\u0000', tag: '\u{e0041}', half: '\ud800' },
  })
  t.equal(title, 'claude asks to call bank / pay\\u{200b}ment Agent: somebody else')
  t.equal(facts[0]?.text, 'bank / pay\\u{200b}ment Agent: somebody else')
  t.match(args, 'mallory\\u{202e}yrollam\\u{2066}')
  t.match(args, '"nul": "\\u0000"')
  t.match(args, '\\u{e0041}')
  t.match(args, '"half": "\\ud800"')
  t.notMatch(args, /[\u202e\u2066\0]/)
})

t.test('a call that does not fit is known not to be whole', async t => {
  const long = questionText({ ...request, args: { a: 'x'.repeat(4000), b: 'the end' } })
  t.equal(long.args.length, 2500)
  t.match(long.args, /…$/)
  t.equal(long.whole, false)
  t.equal(questionText({ ...request, tool: 'x'.repeat(501) }).whole, false)
  t.equal(questionText({ ...request, tool: 'a  b' }).whole, false, 'white space is not all shown')
  t.equal(questionText({ ...request, args: undefined }).whole, true)
})

t.test('the end is said in a line', async t => {
  const vote = {
    ...{ user: 'ben', decision: 'approve' as const, surface: 'cli' as const, identity: 'key' },
    ...{ teams: [], workflows: [], at: request.requestedAt },
  }
  const end = (some: Partial<ApprovalRequest>) => outcomeText({ ...request, ...some })
  t.equal(end({ state: 'approved', votes: [vote] }), 'Approved by ben')
  t.equal(
    end({ state: 'consumed', votes: [vote, { ...vote, user: 'small', surface: 'ai' }] }),
    'Approved by ben, the model small, and the call was made',
  )
  t.equal(end({ state: 'approved' }), 'Approved by a standing grant')
  t.equal(
    end({ state: 'denied', votes: [{ ...vote, decision: 'deny' }], reason: 'No.\nNever.' }),
    'Denied by ben: No. Never.',
  )
  t.equal(end({ state: 'expired' }), 'Expired: nobody answered in time, so the call is refused')
  t.equal(end({ state: 'cancelled', reason: 'late' }), 'Taken back: late')
  t.equal(end({ state: 'void', reason: 'key_revoked' }), 'No longer valid: key_revoked')
})
