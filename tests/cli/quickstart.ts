import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Test } from 'tap'
import { root, type ServingWrit, serve } from './writ.ts'

/** A folder outside of any repository with a copy of the quickstart as its policies. */
export function workplace(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-up-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(root, 'examples/quickstart'), join(folder, 'policies'), { recursive: true })
  return folder
}

/** Options for free ports. */
export const anyPorts = ['--proxy-port', '0', '--controller-port', '0']

/** Starts `writ up` on free ports and waits for its ready line. */
export function up(t: Test, cwd: string, ...args: string[]): Promise<ServingWrit> {
  return serve(['up', ...args, ...anyPorts], { cwd }, end => t.teardown(end))
}

/** A client of the proxy that holds the key of the ready line. */
export async function connect(t: Test, { ready }: ServingWrit): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const url = new URL(`${ready.proxy}/mcp/v1`)
  const headers = { authorization: `Bearer ${ready.key}` }
  await client.connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as never,
  )
  t.teardown(() => client.close())
  return client
}

/** What a tool answers, as far as the tests look. */
export interface Answer {
  readonly isError?: boolean
  readonly content: readonly { readonly text?: string }[]
  readonly _meta?: Readonly<Record<string, unknown>>
}

/** Calls a tool. */
export async function call(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<Answer> {
  return (await client.callTool({ name, arguments: args })) as unknown as Answer
}

/** The text of an answer. */
export function textOf({ content }: Answer): string {
  return content.map(({ text = '' }) => text).join('\n')
}

/** Looks again and again until it is so; fails when it never is. */
export async function eventually(
  t: Test,
  claim: string,
  look: () => Promise<boolean>,
): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await look()) return void t.pass(claim)
    await after(50)
  }
  t.fail(claim)
}
