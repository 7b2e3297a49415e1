import t from 'tap'
import { factsOf } from '../../../policy/decide/facts.ts'

t.test('what a call does not say is empty, false, zero or 1970', async t => {
  t.strictSame(factsOf({}), {
    kind: 'tool',
    args: {},
    tool: { name: '', server: '', readOnly: false, destructive: false },
    model: { name: '', requested: '', provider: '' },
    resource: { uri: '', server: '' },
    prompt: { name: '', server: '' },
    request: {
      time: 0,
      justification: '',
      protocol: '',
      stream: false,
      maxTokens: 0,
      inputTokens: 0,
      tools: [],
    },
    subject: { agent: '', kind: '', apiKey: '', user: '', groups: [], labels: {}, namespace: '' },
    session: { id: '', startedAt: 0, toolCalls: 0, modelCalls: 0, spentUsd: 0, toolsUsed: [] },
  })
})

t.test('instants are milliseconds, and what is none is 1970', async t => {
  const at = (time: string) => factsOf({ request: { time } }).request.time
  t.strictSame(
    ['1970-01-01T00:00:01Z', '1970-01-01T01:00:00+01:00', 'tomorrow'].map(at),
    [1000, 0, 0],
  )
})
