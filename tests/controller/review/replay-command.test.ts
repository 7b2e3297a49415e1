import { hash } from 'node:crypto'
import t from 'tap'
import { entry } from '../../proxy/journal-entry.ts'
import { line } from '../../proxy/journal-line.ts'
import { tokens } from '../world.ts'
import { type PullWorld, pullWorld } from './pull-world.ts'
import { reviewedFiles, wider } from './reviewed-policies.ts'

const server = `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: platform }
spec: { url: "https://platform.example.com/mcp" }
`
const day = 86_400_000
const now = Date.now()
/** So many days ago, to the second. */
const ago = (days: number) => `${new Date(now - days * day).toISOString().slice(0, 19)}.000Z`

/** A call that people were asked about. */
function asked(call: string, time: string) {
  const args = { env: call }
  return entry({
    ...{ call, time, agent: 'ci-bot', server: 'platform', tool: 'deploy_app', args },
    ...{ argsDigest: `sha256:${hash('sha256', JSON.stringify(args))}` },
    ...{ action: 'require_approval', reason: 'rule' },
    ...{ policy: 'platform', rule: 'deploys' },
  })
}

/** Hands records in, as a proxy does. */
async function record({ url }: PullWorld, ...calls: readonly (readonly [string, number])[]) {
  const body = calls.map(([call, days], i) => line('proxy-1', i + 1, asked(call, ago(days))))
  const answer = await fetch(new URL('/api/v1/records', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
    body: body.join(''),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

t.test('records are judged again by a word in the thread of a change', async t => {
  const files: typeof reviewedFiles = place => ({
    ...reviewedFiles(place),
    'policies/server.yaml': server,
  })
  const at = await pullWorld(t, files, '{ workflow: widening, replay: 0s }')
  const { hub, users } = at
  await record(at, ['ancient', 40], ['older', 20], ['newer', 3])
  const pull = await at.propose(wider)
  await at.reviewed(pull, 'open')
  const answerTo = async (by: keyof typeof users, body: string, thread = pull) => {
    const outcome = await at.say(thread, users[by], body)
    const [said, reply] = hub.comments(thread).slice(-2)
    t.equal(said?.body, body)
    return [outcome, reply?.body.split('\n\n').slice(1).join('\n\n')]
  }
  const example = (seq: number, days: number, env: string) =>
    `  - record \`proxy-1:${seq}\` on ${ago(days).slice(0, 19)}Z by \`ci-bot\`: \`{"env":"${env}"}\``

  t.strictSame(await answerTo('ana', '/replay 30d'), [
    'answered',
    [
      `2 of 2 recorded calls from ${ago(20).slice(0, 10)} to ${ago(3).slice(0, 10)} would be decided differently.`,
      '',
      '- 2 × tool `deploy_app` at `platform`: asked about, would be allowed by `platform / deploys`',
      example(2, 20, 'older'),
      example(3, 3, 'newer'),
      '',
      '**Approvals**',
      '',
      '- `ana` was asked 0.1 times a day and would be asked 0.0 times a day',
    ].join('\n'),
  ])
  t.match(await answerTo('cleo', '/replay 7d'), ['answered', /^1 of 1 recorded calls /])
  t.strictSame(await answerTo('mallory', '/replay 30d'), [
    'unknown_person',
    'The policies in force know nobody by this account.',
  ])
  t.match(at.comment(pull), /asks for no replay/)
  t.notMatch(at.comment(pull), /ci-bot/)

  await t.test('but not of a change by somebody unknown, whoever asks', async t => {
    const theirs = await at.propose({ ...wider, 'README.md': 'More.\n' }, { by: users.mallory })
    await at.reviewed(theirs, 'open')
    t.strictSame(await answerTo('ana', '/replay 30d', theirs), [
      'unknown_record',
      'There is no such record.',
    ])
  })
})
