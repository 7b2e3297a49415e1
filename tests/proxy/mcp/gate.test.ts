import * as core from '@modelcontextprotocol/core'
import * as sdk from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { fromClient, fromServer, verdictOn } from '../../../proxy/mcp/gate.ts'
import { handlers } from '../../../proxy/mcp/handlers.ts'

interface MethodSchema {
  readonly shape?: {
    readonly method?: { readonly value?: unknown; readonly values?: Set<unknown> }
  }
}

/** The methods of the messages in a union, read off the schemas. */
function methodsIn(union: unknown): string[] {
  const { options = [] } = union as { options?: readonly MethodSchema[] }
  return options.flatMap(({ shape }) => {
    const value = shape?.method?.value ?? [...(shape?.method?.values ?? [])][0]
    return typeof value === 'string' ? [value] : []
  })
}

const unions = {
  client: ['ClientRequestSchema', 'ClientNotificationSchema'],
  server: ['ServerRequestSchema', 'ServerNotificationSchema'],
} as const

for (const [name, schemas] of Object.entries({ sdk, core })) {
  t.test(`every method that ${name} knows has a verdict`, async t => {
    const known: Record<string, unknown> = { ...schemas }
    const client = unions.client.flatMap(union => methodsIn(known[union]))
    const server = unions.server.flatMap(union => methodsIn(known[union]))
    t.ok(client.includes('tools/call'), 'the schemas of clients can be read')
    t.ok(server.includes('sampling/createMessage'), 'the schemas of servers can be read')
    t.strictSame(
      client.filter(method => !Object.hasOwn(fromClient, method)),
      [],
    )
    t.strictSame(
      server.filter(method => !Object.hasOwn(fromServer, method)),
      [],
    )
  })
}

t.test('every schema with a method is in one of the tables', async t => {
  const options = [sdk, core].flatMap(schemas => Object.values({ ...schemas }) as unknown[])
  const methods = methodsIn({ options: options.filter(schema => typeof schema === 'object') })
  t.ok(methods.length > 40)
  const unknown = methods.filter(
    method => !Object.hasOwn(fromClient, method) && !Object.hasOwn(fromServer, method),
  )
  t.strictSame(unknown, [])
})

t.test('a method nobody knows is refused, whatever it is called', async t => {
  for (const method of ['tools/CALL', 'tools/call ', 'constructor', '__proto__', 'toString', '']) {
    t.equal(verdictOn(fromClient, method, 'legacy'), 'refuse', JSON.stringify(method))
    t.equal(verdictOn(fromClient, method, 'modern'), 'refuse', JSON.stringify(method))
    t.equal(verdictOn(fromServer, method, 'legacy'), 'refuse', JSON.stringify(method))
  }
})

t.test('nothing that is judged lacks a handler, and nothing refused has one', async t => {
  const elsewhere = ['initialize', 'ping', 'logging/setLevel', 'subscriptions/listen']
  for (const [method, { legacy, modern }] of Object.entries(fromClient)) {
    const served = Object.hasOwn(handlers, method) || elsewhere.includes(method)
    const passes = legacy !== 'refuse' || modern !== 'refuse'
    t.equal(served, passes && !method.startsWith('notifications/'), method)
  }
})
