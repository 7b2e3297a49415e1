import t from 'tap'
import { entryLine, type Some } from '../coverage/entry-line.ts'
import { tokens } from '../world.ts'
import { type PullWorld, pullWorld } from './pull-world.ts'
import { policy, reviewedFiles } from './reviewed-policies.ts'

const now = new Date()
const today = now.toISOString()

async function record({ url }: PullWorld, calls: readonly Some[]): Promise<void> {
  const body = calls.map((call, i) => `${entryLine(i + 1, { time: today, ...call })}\n`).join('')
  const headers = {
    authorization: `Bearer ${tokens.proxy}`,
    'content-type': 'application/x-ndjson',
  }
  const answer = await fetch(new URL('/api/v1/records', url), { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(await answer.text())
}

/** The rule for deploys has another name, what was used without a rule has one, and what nobody calls has one as well. */
const proposed = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: platform }
spec:
  tools:
    - name: deploy_app
      rules: [{ name: releases, action: require_approval }]
    - name: stop_app
      rules: [{ name: stops, action: require_approval }]
    - name: scale_app
      rules: [{ name: scales, action: deny }]
`

t.test('a change is held against the calls on record', async t => {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening }')
  await record(at, [
    { tool: 'deploy_app', action: 'require_approval', policy: 'platform', rule: 'deploys' },
    { tool: 'deploy_app', action: 'require_approval', policy: 'platform', rule: 'deploys' },
    { tool: 'stop_app', action: 'deny', reason: 'unmatched', policy: 'platform' },
    { tool: 'list_apps', action: 'deny', reason: 'unmatched', policy: 'platform', agent: 'codex' },
  ])
  const pull = await at.propose({ 'policies/deploy.yaml': proposed })
  await at.reviewed(pull, 'open')
  const day = today.slice(0, 10)
  t.equal(
    at.comment(pull).split('#### Coverage\n\n')[1]?.split('<sub>')[0]?.trim(),
    `Calls of the last 90 days, counted since ${day}:

- 1 thing is used without a rule that names it once this is in force; 2 now
- 1 new rule no recorded call would have met
- 2 new rules would have decided no recorded call differently
- 1 rule goes that had decided calls

<details><summary>Details</summary>

**Used without a rule that names it** (2)

- tool \`stop_app\` at \`files\` in \`default\`: 1 call, last on ${day}, by \`claude\`; a rule of this change names it
- tool \`list_apps\` at \`files\` in \`default\`: 1 call, last on ${day}, by \`codex\`; as before

**New rules that no recorded call would have met** (1)

- \`platform / scales\` about tool \`scale_app\` in \`default\`: nothing that it is about was called

**Rules that go and had decided calls** (1)

- \`platform / deploys\` about tool \`deploy_app\` in \`default\`: 2 calls, last on ${day}

</details>`,
  )

  await t.test('and says nothing of it to those whom nobody knows', async t => {
    const theirs = await at.propose(
      { 'policies/deploy.yaml': policy('allow') },
      { by: at.users.mallory },
    )
    await at.reviewed(theirs, 'open')
    t.match(at.comment(theirs), /Recorded calls are not shown/)
    t.notMatch(at.comment(theirs), /Coverage/)
  })
})
