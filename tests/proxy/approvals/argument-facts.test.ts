import { createHash } from 'node:crypto'
import t from 'tap'
import { argumentFacts } from '../../../proxy/approvals/argument-facts.ts'
import type { JsonObject } from '../../../proxy/mcp/rpc.ts'
import { redact } from '../../../records/redact/redact.ts'

function digest(canonical: string): string {
  return `sha256:${createHash('sha256').update(canonical).digest('hex')}`
}

function factsOf(json: string) {
  const args: JsonObject = JSON.parse(json)
  return argumentFacts('default', 'pay', args, redact(args))
}

t.test('each argument has a digest of its own, and amounts that people see are told', async t => {
  const json = '{ "to": { "b": 1, "a": [2] }, "amount": 12.5, "password": 1234}'
  t.strictSame(factsOf(json), {
    argDigests: {
      to: digest('["default","pay","to",{"a":[2],"b":1}]'),
      amount: digest('["default","pay","amount",12.5]'),
      password: digest('["default","pay","password",1234]'),
    },
    numbers: { amount: 12.5 },
  })
  t.strictSame(factsOf('{}'), { argDigests: {} })
  t.strictSame(
    Object.keys(factsOf('{ "__proto__": 1 }').argDigests ?? {}),
    ['__proto__'],
    'no name is lost',
  )
})

t.test('a call with too many arguments, or too long names, can have no grant', async t => {
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`a${i}`, i]))
  t.strictSame(factsOf(JSON.stringify(many)), {})
  t.strictSame(factsOf(JSON.stringify({ ['x'.repeat(257)]: 1 })), {})
})
