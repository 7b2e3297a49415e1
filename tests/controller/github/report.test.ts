import t from 'tap'
import type { Report } from '../../../controller/forge/forge.ts'
import { forgeWorld, sha, signal } from './forge-world.ts'

const report: Report = {
  ...{ headSha: sha('a'), conclusion: 'failure', title: '1 problem', summary: 'See **below**.' },
  annotations: [
    { path: 'a.yaml', line: 3, column: 5, level: 'failure', title: 'bad_rule', message: 'No.' },
    { path: 'b.yaml', line: 1, level: 'warning', message: 'Hm.' },
  ],
  detailsUrl: 'https://writ.example.com/reviews/1',
}

t.test('an app makes a check run with remarks at their lines, and a status', async t => {
  const { hub, app, forge, repo } = await forgeWorld(t)
  await forge.report(report, signal)
  const [run, ...others] = hub.checkRuns(repo, sha('a'))
  t.strictSame(others, [])
  t.match(run, {
    ...{ app, name: 'writ/policy', status: 'completed', conclusion: 'failure' },
    ...{ title: '1 problem', summary: 'See **below**.', detailsUrl: report.detailsUrl },
  })
  t.strictSame(run?.annotations, [
    {
      ...{ path: 'a.yaml', start_line: 3, end_line: 3, annotation_level: 'failure' },
      ...{ start_column: 5, end_column: 5, title: 'bad_rule', message: 'No.' },
    },
    { path: 'b.yaml', start_line: 1, end_line: 1, annotation_level: 'warning', message: 'Hm.' },
  ])
  const [status] = hub.statuses(repo, sha('a'))
  t.match(status, {
    ...{ context: 'writ/policy', state: 'failure', description: '1 problem' },
    targetUrl: report.detailsUrl,
  })
  t.equal(hub.isGreen(repo, sha('a')), false)
})

t.test('the same is said once; what differs is said anew', async t => {
  const { hub, forge, repo } = await forgeWorld(t)
  await forge.report(report, signal)
  await forge.report(report, signal)
  t.strictSame([hub.checkRuns(repo, sha('a')).length, hub.statuses(repo, sha('a')).length], [1, 1])
  await forge.report({ ...report, conclusion: 'success', title: 'Approved' }, signal)
  t.equal(hub.isGreen(repo, sha('a')), true)
  await forge.report(report, signal)
  t.equal(hub.isGreen(repo, sha('a')), false, 'what was said before the last counts no more')
  t.strictSame([hub.checkRuns(repo, sha('a')).length, hub.statuses(repo, sha('a')).length], [3, 3])
})

t.test('what waits is neither green nor red', async t => {
  const { hub, forge, repo } = await forgeWorld(t)
  const pending = { ...report, conclusion: 'pending' } as const
  await forge.report(pending, signal)
  await forge.report(pending, signal)
  const [run, ...others] = hub.checkRuns(repo, sha('a'))
  t.strictSame([run?.status, run?.conclusion, others], ['in_progress', null, []])
  t.strictSame(
    hub.statuses(repo, sha('a')).map(({ state }) => state),
    ['pending'],
  )
})

t.test('remarks go in batches of 50; beyond 500 they are counted', async t => {
  const { hub, forge, repo } = await forgeWorld(t)
  const annotations = Array.from({ length: 520 }, (_, at) => ({
    ...{ path: 'a.yaml', line: at + 1, level: 'failure' as const, message: 'No.' },
  }))
  await forge.report({ ...report, annotations: annotations.slice(0, 120) }, signal)
  const [first] = hub.checkRuns(repo, sha('a'))
  t.match(first, { status: 'completed', annotations: { length: 120 }, summary: 'See **below**.' })
  await forge.report({ ...report, annotations }, signal)
  const second = hub.checkRuns(repo, sha('a')).at(-1)
  t.match(second, { status: 'completed', annotations: { length: 500 } })
  t.equal(second?.summary, 'See **below**.\n\n… and 20 more remarks.')
  t.strictSame(
    second?.annotations.map(one => (one as { start_line: number }).start_line),
    annotations.slice(0, 500).map(({ line }) => line),
  )
})

t.test('a run that was cut short is made anew', async t => {
  const { hub, forge, repo } = await forgeWorld(t)
  hub.trouble({ status: 422, when: /PATCH .*check-runs/ })
  await t.rejects(forge.report(report, signal), { code: 'refused' })
  t.match(hub.checkRuns(repo, sha('a')), [{ status: 'in_progress' }])
  await forge.report(report, signal)
  t.match(hub.checkRuns(repo, sha('a')), [{ status: 'in_progress' }, { conclusion: 'failure' }])
})

t.test('an account cannot make check runs, and sets the status alone', async t => {
  const { hub, cleo, tokenForge, repo } = await forgeWorld(t)
  const title = 'x'.repeat(200)
  await tokenForge.report({ ...report, conclusion: 'success', title }, signal)
  t.strictSame(hub.checkRuns(repo, sha('a')), [])
  const [status] = hub.statuses(repo, sha('a'))
  t.match(status, { creator: cleo, state: 'success', description: `${'x'.repeat(139)}…` })
  t.equal(hub.isGreen(repo, sha('a')), true)
})
