import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { anyPorts, call, connect, eventually, textOf, up, workplace } from './quickstart.ts'
import { environment, root, type ServingWrit, serve, writ } from './writ.ts'

const anaKey = 'writ_the_key_of_ana'

const ana = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { apiKeys: [{ name: laptop, sha256: ${createHash('sha256').update(anaKey).digest('hex')} }] }
`

/** What waits, asked as the person at the machine does. */
async function waiting({ ready }: ServingWrit): Promise<readonly ApprovalRequest[]> {
  const { url, token } = JSON.parse(readFileSync(join(ready.data, 'controller.json'), 'utf8'))
  const answer = await fetch(new URL('/api/v1/approval-requests?state=pending', url), {
    headers: { authorization: `Bearer ${token}` },
  })
  return JSON.parse(await answer.text()).requests
}

async function quickstart(t: Test) {
  const cwd = workplace(t)
  writeFileSync(join(cwd, 'policies', 'ana.yaml'), ana)
  // However slow the machine is, the first call gets its answer itself.
  const people = join(cwd, 'policies', 'people.yaml')
  writeFileSync(people, readFileSync(people, 'utf8').replace('inlineWait: 25s', 'inlineWait: 5m'))
  const serving = await up(t, cwd)
  const client = await connect(t, serving)
  const approvals = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    writ(['approvals', ...args], { cwd, env })
  const list = async (...args: string[]): Promise<readonly ApprovalRequest[]> =>
    JSON.parse((await approvals(['list', '-o', 'json', ...args])).out)
  return {
    cwd,
    serving,
    approvals,
    list,
    /** Calls a tool that needs a person; settles once the question is there. */
    async ask(path: string) {
      const answer = call(client, 'create_directory', { path })
      for (;;) {
        const found = (await waiting(serving)).find(({ args }) => Object(args).path === path)
        if (found !== undefined) return { id: found.id, answer }
      }
    },
  }
}

/** A `writ approvals watch -o json` that runs, and the messages it prints. */
function watch(t: Test, cwd: string) {
  const command = [join(root, 'cli/main.ts'), 'approvals', 'watch', '-o', 'json']
  const child = spawn(process.execPath, command, { cwd, env: environment() })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    next: async () => JSON.parse((await lines.next()).value ?? 'null'),
    said: () => said,
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

t.test('a person answers at a terminal', async t => {
  const { cwd, approvals, list, ask, serving } = await quickstart(t)

  await t.test('what waits is listed in the shape that programs rely on', async t => {
    const { id, answer } = await ask('drafts')
    const rows = await list()
    t.strictSame(
      rows.map(row => Object.keys(row)),
      [
        [
          ...['id', 'state', 'tool', 'server', 'args', 'workflow', 'requestedAt', 'expiresAt'],
          'votes',
        ],
      ],
    )
    t.match(rows, [
      {
        id,
        state: 'pending',
        tool: 'create_directory',
        server: 'files',
        args: { path: 'drafts' },
        workflow: 'ask-me',
        requestedAt: /Z$/,
        expiresAt: /Z$/,
        votes: [],
      },
    ])
    t.match((await approvals(['list'])).out, new RegExp(`${id}  pending .*files/create_directory`))
    const approved = await approvals(['approve', id.slice(4, 12), '--reason', 'as agreed'])
    t.match(approved, { code: 0, out: /create_directory {2}approved\n$/, err: '' })
    t.match(textOf(await answer), /Successfully created directory/)
    t.match((await list())[0], {
      state: 'consumed',
      votes: [{ user: 'local', decision: 'approve', reason: 'as agreed', surface: 'cli' }],
    })
    const again = await approvals(['approve', id, '-o', 'json'])
    t.equal(again.code, 1)
    t.strictSame(JSON.parse(again.out), {
      outcome: 'refused',
      code: 'already_resolved',
      message: 'The request is consumed already.',
    })
  })

  await t.test('a denial reaches the agent with its reason', async t => {
    const { id, answer } = await ask('secrets')
    const denied = await approvals(['deny', id, '--reason', 'not here', '-o', 'json'])
    t.equal(denied.code, 0)
    t.match(JSON.parse(denied.out), { outcome: 'counted', request: { id, state: 'denied' } })
    t.match(await answer, { isError: true })
    t.match(textOf(await answer), /not here/)
  })

  await t.test('a question is taken back', async t => {
    const { id, answer } = await ask('later')
    t.match(await approvals(['cancel', id]), { code: 2, err: /--reason/ })
    t.match(await approvals(['cancel', id, '--reason', 'never mind']), {
      code: 0,
      out: /cancelled\n$/,
    })
    t.match(await answer, { isError: true })
  })

  await t.test('a card shows everything, and nothing in it moves the cursor', async t => {
    const path = 'a\u001b[2J\u202eb'
    const { id, answer } = await ask(path)
    const { code, out } = await approvals(['show', id])
    t.equal(code, 0)
    for (const shown of [
      `${id}  pending`,
      'create_directory of files',
      'local with the key local',
      'policies/files.yaml:',
      'files / folders-need-a-person',
      'A person looks at new folders first.',
      'a\\u001b[2J\\u{202e}b',
      'ask-me: 0 of 1 approvals; may be given by local',
      'created by proxy-',
    ]) {
      t.ok(out.includes(shown), shown)
    }
    t.notOk(out.includes('\u001b') || out.includes('\u202e'))
    const json = JSON.parse((await approvals(['show', id, '-o', 'json'])).out)
    t.match(json, { id, args: { path }, events: [{ type: 'created' }] })
    await approvals(['deny', id])
    await answer
  })

  await t.test('who may not answer changes nothing', async t => {
    const { id, answer } = await ask('theirs')
    const url = serving.ready.controller
    const as = (token: string, ...args: string[]) =>
      approvals(args, { WRIT_URL: url, WRIT_TOKEN: token })
    t.match(await as(anaKey, 'approve', id), {
      code: 1,
      out: /Not counted: None of the workflows that are asked names you\./,
    })
    t.match(await as(serving.ready.key, 'approve', id), {
      code: 2,
      err: /does not accept the token/,
    })
    t.match(await as('no-such-key-at-all', 'list'), { code: 2, err: /does not accept the token/ })
    t.match(await as(anaKey, 'list', '--mine'), { code: 0, out: '' })
    t.match(await as(anaKey, 'cancel', id, '--reason', 'x'), { code: 1 })
    const { events } = JSON.parse((await approvals(['show', id, '-o', 'json'])).out)
    t.match(
      events.filter(({ type }: { type: string }) => type === 'attempt_refused'),
      [
        { by: 'ana', surface: 'cli', detail: 'approve: not_an_approver' },
        { by: 'ana', surface: 'cli', detail: 'cancel: not_an_approver' },
      ],
    )
    await approvals(['deny', id])
    await answer
  })

  await t.test('ids that name nothing, or several, are refused', async t => {
    t.match(await approvals(['approve', 'apr-0000000000000000']), { code: 2, err: /no request/ })
    t.match(await approvals(['show', 'not/an/id']), { code: 2, err: /is no id of a request/ })
    t.match(await approvals(['show', 'apr-']), { code: 2, err: /may be apr-\w+, apr-/ })
  })

  await t.test('an approval stands for calls like it, when it says so', async t => {
    const { id, answer } = await ask('one')
    const half = await approvals(['approve', id, '--grant-uses', '2'])
    t.match(half, { code: 2, err: /needs --grant-uses and --grant-for/ })
    const wrong = ['--grant-uses', '2', '--grant-for', '1h', '--grant-any', 'name']
    t.match(await approvals(['approve', id, ...wrong]), { code: 2, err: /no argument name/ })
    const grant = ['--grant-uses', '2', '--grant-for', '1h', '--grant-any', 'path']
    t.match(await approvals(['approve', id, ...grant]), { code: 0 })
    t.match(textOf(await answer), /Successfully/)
    const client = await connect(t, serving)
    t.match(textOf(await call(client, 'create_directory', { path: 'two' })), /Successfully/)
  })

  await t.test(
    'changes are followed as they happen, through a controller that restarts',
    async t => {
      const watching = watch(t, cwd)
      await eventually(t, 'it follows', async () => watching.said().includes('following'))
      const { id, answer } = await ask('followed')
      const first = await watching.next()
      t.match(first, { type: 'approval_created', approval_request_id: id, status: 'pending' })
      await approvals(['approve', id])
      await answer
      t.match(
        [await watching.next(), await watching.next(), await watching.next()],
        [
          { type: 'approval_vote_received', event: { by: 'local' } },
          { type: 'approval_approved' },
          { type: 'approval_consumed' },
        ],
      )
      t.match(await watching.next(), { type: 'approval_outcome' })
      t.equal(await serving.stop(), 0)
      const { port } = new URL(serving.ready.controller)
      const args = ['up', ...anyPorts, '--controller-port', port]
      const back = await serve(args, { cwd }, end => t.teardown(end))
      await eventually(
        t,
        'it follows again',
        async () => watching.said().split('following').length > 2,
      )
      const client = await connect(t, back)
      const later = call(client, 'create_directory', { path: 'after' })
      t.match(await watching.next(), { type: 'resync', topic: 'approvals' })
      const message = await watching.next()
      t.match(message, { type: 'approval_created', tool_args: { path: 'after' } })
      t.match(watching.said(), /the connection is lost; trying again/)
      t.equal(await watching.stop(), 0)
      await approvals(['deny', message.approval_request_id])
      await later
    },
  )
})

t.test('a key for a person is made with the lines that make it known', async t => {
  const made = await writ(['keys', 'create', '--user', 'ana', '--name', 'laptop'])
  t.equal(made.code, 0)
  const lines = made.out.slice(made.out.indexOf('apiVersion:'))
  t.match(lines, /kind: User\nmetadata: \{ name: ana \}/)
  t.equal((await writ(['check', '-'], { input: lines })).code, 0)
  const json = JSON.parse(
    (await writ(['keys', 'create', '--user', 'a', '--name', 'b', '-o', 'json'])).out,
  )
  t.match(json, { user: 'a', name: 'b', key: /^writ_/, sha256: /^[0-9a-f]{64}$/ })
  t.match(await writ(['keys', 'create', '--name', 'b']), { code: 2, err: /--agent NAME or --user/ })
})

t.test('the person at the machine is an owner, and its agent has no owner', async t => {
  const cwd = workplace(t)
  await up(t, cwd)
  const written = readFileSync(join(cwd, '.writ', 'local.yaml'), 'utf8')
  t.match(written, /kind: User\nmetadata: \{ name: local \}\nspec: .*roles: \[owner\]/)
  t.notMatch(written, /owner: local/)
})
