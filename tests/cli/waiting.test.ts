import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { call, connect, textOf, up, workplace } from './quickstart.ts'
import { type ServingWrit, writ } from './writ.ts'

/** Asks the controller as the person at the machine does. */
function person({ ready }: ServingWrit) {
  const { url, token } = JSON.parse(readFileSync(join(ready.data, 'controller.json'), 'utf8'))
  const ask = (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return fetch(new URL(path, url), { ...init, headers })
  }
  return {
    async pending(): Promise<ApprovalRequest> {
      for (;;) {
        const answer = await ask('/api/v1/approval-requests?state=pending')
        const { requests } = (await answer.json()) as { requests: ApprovalRequest[] }
        const [first] = requests
        if (first !== undefined) return first
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    },
    async answer(id: string, verb: 'approve' | 'decline', reason: string): Promise<number> {
      const body = JSON.stringify({ reason })
      const path = `/api/v1/approval-requests/${id}/${verb}`
      return (await ask(path, { method: 'POST', body })).status
    },
  }
}

t.test('with the quickstart running, a call that needs a person', async t => {
  const cwd = workplace(t)
  const serving = await up(t, cwd)
  const client = await connect(t, serving)
  const { pending, answer } = person(serving)

  await t.test('waits for one at another terminal, and returns the real result', async t => {
    const waiting = call(client, 'create_directory', { path: 'drafts' })
    const { id, tool, args, workflow } = await pending()
    t.strictSame(
      { tool, args, workflow },
      { tool: 'create_directory', args: { path: 'drafts' }, workflow: 'ask-me' },
    )
    t.equal(await answer(id, 'approve', 'a folder for drafts'), 200)
    t.match(textOf(await waiting), /Successfully created directory/)
  })

  await t.test('is refused when the person says no', async t => {
    const waiting = call(client, 'create_directory', { path: 'secrets' })
    const { id } = await pending()
    t.equal(await answer(id, 'decline', 'not here'), 200)
    const told = await waiting
    t.equal(told.isError, true)
    t.match(textOf(told), /was denied: "not here"/)
  })

  await t.test('is on record with who answered, where, when and why', async t => {
    const { out: text } = await writ(['audit', 'list'], { cwd })
    t.match(text, /attempt .* apr-\w{16} approved by local \(rest\): a folder for drafts\n/)
    const { out } = await writ(['audit', 'list', '-o', 'json'], { cwd })
    const entries = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const of = (path: string) =>
      entries.filter(({ tool, args }) => tool === 'create_directory' && args.path === path)
    t.match(
      of('drafts').map(({ phase, status, approval, approvedBy }) => ({
        phase,
        status,
        approval,
        approvedBy,
      })),
      [
        {
          phase: 'attempt',
          approval: /^apr-/,
          approvedBy: [
            {
              user: 'local',
              reason: 'a folder for drafts',
              at: String,
              surface: String,
              identity: String,
            },
          ],
        },
        { phase: 'outcome', status: 'succeeded', approval: /^apr-/ },
      ],
    )
    t.match(of('secrets').at(-1), { status: 'refused', approval: /^apr-/ })
  })
})
