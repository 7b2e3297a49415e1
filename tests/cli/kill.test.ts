import { setTimeout as after } from 'node:timers/promises'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import t from 'tap'
import { call, connect, eventually, textOf, up, workplace } from './quickstart.ts'
import { writ } from './writ.ts'

interface Entry {
  readonly proxy: string
  readonly seq: number
  readonly phase: string
  readonly args: { readonly message: string }
  readonly status?: string
}

const rounds = 3
const workers = 8

/** Calls until it cannot; adds every message whose answer came back. */
async function callOnAndOn(client: Client, name: string, answered: Set<string>): Promise<void> {
  for (let i = 0; ; i++) {
    const message = `${name} ${i}`
    try {
      if (textOf(await call(client, 'echo', { message })) === `Echo: ${message}`) {
        answered.add(message)
      }
    } catch {
      return
    }
  }
}

async function exported(cwd: string): Promise<Entry[]> {
  const { out } = await writ(['audit', 'export', '--form', 'entries'], { cwd })
  return out
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

t.test('writ up is killed under load: every call that was answered is on record', async t => {
  const cwd = workplace(t)
  const answered = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const running = await up(t, cwd)
    const clients = await Promise.all(Array.from({ length: workers }, () => connect(t, running)))
    const load = clients.map((client, i) => callOnAndOn(client, `r${round} w${i}`, answered))
    await after(200 + Math.random() * 600)
    await running.kill()
    await Promise.all(clients.map(client => client.close()))
    await Promise.all(load)
  }
  t.ok(answered.size > rounds * workers, `${answered.size} calls were answered`)

  await up(t, cwd)
  const missing = async () => {
    const entries = await exported(cwd)
    const kept = new Set(
      entries.filter(({ status }) => status === 'succeeded').map(({ args }) => args.message),
    )
    return [...answered].filter(message => !kept.has(message))
  }
  await eventually(t, 'no answered call is missing', async () => (await missing()).length === 0)

  const entries = await exported(cwd)
  const numbers = entries.map(({ seq }) => seq)
  t.equal(new Set(numbers).size, numbers.length, 'no entry is there twice')
  t.equal(new Set(entries.map(({ proxy }) => proxy)).size, 1, 'it is one proxy throughout')
  const outcomes = entries.filter(({ phase }) => phase === 'outcome')
  const messages = outcomes.map(({ args }) => args.message)
  t.equal(new Set(messages).size, messages.length, 'no call was made twice')
})
