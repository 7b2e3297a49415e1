import t from 'tap'
import { openCompiler } from '../../../controller/compile/compiler.ts'
import { planLines } from '../../../controller/review/comment/plan-lines.ts'
import type { Standing } from '../../../controller/review/content-digest.ts'
import { planChange } from '../../../controller/review/plan-change.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { policy } from '../documents.ts'

const { signal } = new AbortController()

function standingOf(action: string): Standing {
  const rules = `{ action: ${action} }`
  const texts = [policy('a', rules), policy('a', rules, 'other')]
  const { tables, directories } = compile(texts.map((text, i) => ({ path: `${i}.yaml`, text })))
  return {
    tables: new Map([...(tables ?? [])].map(([name, { table }]) => [name, table])),
    directories,
  }
}

const states = { inForce: standingOf('allow'), candidate: standingOf('deny') }

t.test('what a change does is compared in the thread of the compiler', async t => {
  const compiler = openCompiler()
  t.teardown(() => compiler.close())
  t.match(await planChange(compiler.plan, states, signal), {
    narrows: 'proved',
    plans: [
      { namespace: 'default', changes: [{ effect: 'narrowing' }] },
      { namespace: 'other', changes: [{ effect: 'narrowing' }] },
    ],
  })
})

t.test('a plan that is not finished counts as widening, and says so', async t => {
  const compiler = openCompiler({ limit: () => AbortSignal.abort() })
  t.teardown(() => compiler.close())
  const plans = await planChange(compiler.plan, states, signal)
  const message = 'the plan was not finished, so any decision may change'
  const changes = [{ effect: 'widening', kind: 'policy', name: '*', message }]
  const unproven = { before: '', after: '', narrows: 'unproven', gaveUp: true, changes }
  t.strictSame(plans, {
    narrows: 'unproven',
    plans: [
      { namespace: 'default', ...unproven },
      { namespace: 'other', ...unproven },
    ],
  })
  t.strictSame(planLines(plans, 20), [
    'It is not proved that no decision becomes looser, so it counts as widening.',
    '',
    '**Widens** (2)',
    '',
    `- \`${message}\` in \`default\``,
    `- \`${message}\` in \`other\``,
    '',
  ])
})

t.test('who stops looking gets no plan', async t => {
  const compiler = openCompiler()
  t.teardown(() => compiler.close())
  await t.rejects(planChange(compiler.plan, states, AbortSignal.abort()), { name: 'AbortError' })
})
