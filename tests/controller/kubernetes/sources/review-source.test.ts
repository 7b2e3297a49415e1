import t from 'tap'
import { isReviewed } from '../../../../controller/kubernetes/sources/review-source.ts'

t.test('a plan is shown to those alone whose namespace it is about', async t => {
  const of = (from: string, to: string) =>
    isReviewed({ owner: { namespace: from, name: 'main' }, namespace: to }, 'writ-system')
  t.equal(of('team-a', 'team-a'), true)
  t.equal(of('writ-system', 'team-a'), true)
  t.equal(of('writ-system', 'writ-system'), true)
  t.equal(of('team-a', 'team-b'), false)
  t.equal(of('team-a', 'writ-system'), false)
})
