import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { embeddedStores } from '../stores.ts'
import { type SafetyCase, type Stage, stageIn } from './safety-case.ts'
import { safetyCases } from './safety-cases.ts'
import { safetyPage } from './safety-page.ts'
import { threadWorld } from './thread-world.ts'

const stores = await embeddedStores(t)
const page = resolve(import.meta.dirname, '../../../docs/chatops-safety.md')

/** Plays a case, and looks at everything that it may and may not have changed. */
async function playCase(t: Test, one: SafetyCase, stage: Stage): Promise<void> {
  const { world } = stage
  const before = world.questionComment(stage.request).body
  const comment = await one.play(stage)
  const rowsOf = async () =>
    (await world.rows()).filter(({ comment_id }) => comment_id === comment.id)
  const known = await rowsOf()
  t.equal(await world.hear(comment), one.outcome)
  const rows = await rowsOf()
  if (one.outcome === null) t.strictSame(rows, known, 'nothing new is on record')
  else t.match(rows, [{ comment_id: comment.id, outcome: one.outcome, settled_at: Date }])
  const { state, votes } = await world.get(stage.request.id)
  const expected = one.state ?? 'pending'
  t.equal(state, expected === 'voted' ? 'pending' : expected)
  const counts = ['approved', 'denied', 'voted'].includes(expected)
  t.equal(votes.length, counts ? 1 : 0, 'only what counts is a vote')
  if (state === 'pending' && one.outcome !== 'question_altered') {
    t.equal(world.questionComment(stage.request).body, before, 'the question reads as it did')
  }
  const replies = world.replies().filter(reply => reply.includes(`issuecomment-${comment.id}:`))
  t.equal(replies.length, one.told === true ? 1 : 0, replies.join('\n'))
}

async function stageFor(t: Test, { options, workflow }: Partial<SafetyCase>): Promise<Stage> {
  return stageIn(await threadWorld(t, await stores.empty(), options), workflow)
}

for (const { title, cases, together } of safetyCases) {
  t.test(title.toLowerCase(), async t => {
    const shared = together === true ? await stageFor(t, {}) : null
    for (const one of cases) {
      t.test(one.name, async t => {
        await playCase(t, one, shared ?? (await stageFor(t, one)))
        // Whoever writes so often is not answered every time.
        if (shared !== null) shared.world.clock.now += 10_000
      })
    }
  })
}

t.test('the page that publishes the cases is written from them', async t => {
  const text = safetyPage(safetyCases)
  if (process.env.RECORD === '1') writeFileSync(page, text)
  t.equal(readFileSync(page, 'utf8'), text)
})
