import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Exchange } from '../vault/questions.ts'

/** What an OpenBao 2.7 answered, recorded by tests/vault/openbao.ts. */
const contract: readonly Exchange[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vault-contract.json'), 'utf8'),
)

/** The recorded exchange of that name. */
export function recorded(what: string): Exchange {
  const exchange = contract.find(exchange => exchange.what === what)
  if (exchange === undefined) throw new Error(`nothing was recorded of: ${what}`)
  return exchange
}

/** What a server of the contract was asked, as method, path and token. */
export interface ContractServer {
  readonly url: string
  readonly asked: string[]
  /** Answers before the contract does, as long as it is set. */
  instead: ((asked: string) => { status: number; answer: unknown } | undefined) | null
  /** From now on nobody answers. */
  close(): void
}

/** A server that answers as it is recorded; tokens are `token-of-…`, and a question that was never recorded is a 500. */
export async function contractServer(t: Test): Promise<ContractServer> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const body = await text(request)
    const path = url.replace('/v1/', '')
    const token = String(headers['x-vault-token'] ?? '')
    const question = `${method} ${path} ${token}`.trim()
    asked.push(question)
    const told = state.instead?.(question) ?? answerTo(method, path, headers, body)
    response.writeHead(told.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(told.answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(close)
  const { port } = server.address() as AddressInfo
  const state: ContractServer = { url: `http://127.0.0.1:${port}`, asked, instead: null, close }
  return state
}

function answerTo(
  method: string,
  path: string,
  headers: Readonly<Record<string, unknown>>,
  body: string,
): { status: number; answer: unknown } {
  const exchange = contract.find(
    each =>
      each.method === method &&
      each.path === path &&
      (each.token === undefined ? '' : `token-of-${each.token}`) ===
        String(headers['x-vault-token'] ?? '') &&
      (each.namespace ?? '') === String(headers['x-vault-namespace'] ?? '') &&
      JSON.stringify(each.body ?? null) === (body === '' ? 'null' : body),
  )
  return exchange ?? { status: 500, answer: { errors: ['never recorded'] } }
}
