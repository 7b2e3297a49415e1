import t from 'tap'
import { type HistoryVersion, versionText } from '../../cli/history-text.ts'
import type { Sink } from '../../cli/terminal.ts'
import type { Plan, PlanChange } from '../../schemas/plan.ts'

const sink: Pick<Sink, 'paint'> = { paint: (_, text) => text }

const version: HistoryVersion = {
  ...{ id: 7, namespace: 'default', digest: 'sha256:abc', before: 'sha256:aaa' },
  ...{ publishedAt: '2026-11-21T10:00:00.000Z', kept: true, inForce: false },
}

const plan = (...changes: Plan['changes']): Plan => ({
  ...{ namespace: 'default', before: '', after: '', narrows: 'unproven' },
  changes,
})
const workflow: PlanChange = {
  ...{ effect: 'widening', kind: 'workflow', name: 'two', message: 'workflow two changed' },
}
const narrows: PlanChange = {
  ...{ effect: 'narrowing', kind: 'tool', name: 'a', message: 'a: refused' },
}
const cleo: PlanChange = {
  effect: 'widening',
  kind: 'user',
  name: 'cleo',
  message: 'user cleo is new',
}
const since = '2026-11-22T11:30:00.000Z'

const said = (some: Partial<HistoryVersion>, rules: Plan | null) =>
  versionText({ ...version, ...some }, rules, sink).slice(1)

t.test('changes of rules and of people are told together, what widens first, each once', t => {
  const people = { count: 2, changes: [workflow, { ...cleo, since }] }
  t.strictSame(said({ people }, plan(narrows, workflow)), [
    '  widening: workflow two changed',
    '  widening: user cleo is new (since 2026-11-22 11:30)',
    '  narrowing: a: refused',
  ])
  t.strictSame(said({ people: { count: 0, changes: [] } }, plan()), ['  no decision changes'])
  t.strictSame(said({ people: { count: 5, changes: [workflow, cleo] } }, plan(narrows, narrows)), [
    '  widening: workflow two changed',
    '  widening: user cleo is new',
    '  narrowing: a: refused',
    '  and 4 more changes',
  ])
  t.end()
})

t.test('what was not compared is said', t => {
  t.strictSame(said({}, plan()), ['  people were not compared'])
  t.strictSame(said({ people: { count: 1, changes: [cleo], from: since } }, plan(narrows)), [
    '  widening: user cleo is new',
    '  narrowing: a: refused',
    '  people were compared from 2026-11-22 11:30 on',
  ])
  const people = { count: 1, changes: [cleo] }
  t.strictSame(said({ kept: false, people }, null), [
    '  widening: user cleo is new',
    '  the table is not kept any more',
  ])
  t.strictSame(said({ people }, null), [
    '  widening: user cleo is new',
    '  rules were not compared',
  ])
  t.end()
})

t.test('of the first table only what came later is a change', t => {
  const { before: _, ...first } = version
  const people = { count: 2, changes: [workflow, { ...cleo, since }] }
  t.strictSame(versionText({ ...first, people }, null, sink).slice(1), [
    '  the first table of the namespace',
    '  widening: user cleo is new (since 2026-11-22 11:30)',
  ])
  t.end()
})
