import t from 'tap'
import { room } from '../../../../controller/kubernetes/approvals/room.ts'
import type { WritObject } from '../../../../controller/kubernetes/objects.ts'

const object = (name: string, state: string): WritObject => ({
  kind: 'ApprovalRequest',
  metadata: { name, namespace: 'team-a', uid: name, resourceVersion: '1' },
  status: { state },
})

t.test('a namespace takes so many questions that wait, with those that are being made', async t => {
  const there = [object('a', 'pending'), object('b', 'denied')]
  const take = room({ in: namespace => (namespace === 'team-a' ? there : []) }, 3)
  const [first, second] = [take('team-a'), take('team-a')]
  t.equal(take('team-a'), null, 'one is there and two are being made')
  t.not(take('team-b'), null, 'another namespace has its own')
  first?.()
  t.not(take('team-a'), null, 'what was not made leaves its place')
  second?.()
  there.push(object('c', 'pending'))
  t.equal(take('team-a'), null, 'what was made keeps it')
})
