import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
import { eventually, office } from './approval-office.ts'

/** How long after the decision the controller is killed, ms: before it hears of it, while it decides, while it writes back. */
const moments = [0, 30, 90]

t.test('a controller that is killed while it takes a decision', async t => {
  const { call, asked, made, status, patch, history, person, stop, start } = await office(t)
  const ana = await person('ana@example.com', 'two-people')
  const cleo = await person('cleo@example.com', 'two-people')
  const first = { by: 'ana@example.com', decision: 'approve' }
  const second = { by: 'cleo@example.com', decision: 'approve' }
  for (const ms of moments) {
    await t.test(`after ${ms} ms counts it once, and the call is made once`, async t => {
      const text = `folder-${ms}`
      const waiting = call(text, 'remove_directory')
      const name = await asked(text)
      t.match(await patch(ana, name, first), { code: 0 })
      await after(ms)
      await stop()
      await start()
      const half = await eventually(async () => {
        const now = await status(name)
        return now.decisions[0].outcome && now
      })
      t.match(half, { state: 'pending', workflows: [{ required: 2, received: 1 }] })
      t.equal(made(text), 0)
      t.match(await patch(cleo, name, second), { code: 0 })
      t.match(await waiting, { content: [{ text: JSON.stringify({ text }) }] })
      const { decisions } = await eventually(async () => {
        const now = await status(name)
        return now.state === 'consumed' && now.decisions[1].outcome && now
      })
      t.match(decisions, [
        { ...first, outcome: 'counted' },
        { ...second, outcome: 'counted' },
      ])
      const events = await history(name)
      t.strictSame(
        events.filter(type => type === 'vote' || type === 'attempt_refused'),
        ['vote', 'vote'],
      )
      t.equal(made(text), 1)
    })
  }
})
