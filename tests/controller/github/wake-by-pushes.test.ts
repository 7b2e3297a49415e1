import t from 'tap'
import { forgeEvents } from '../../../controller/forge/forge-event.ts'
import { wakeByPushes } from '../../../controller/github/wake-by-pushes.ts'
import type { PolicySourceSpec } from '../../../schemas/policy-source.ts'

t.test('a push to the repository in force wakes its source', async t => {
  let looks = 0
  const forge = { type: 'github', repository: 'acme/policies' } as const
  const url = 'https://github.com/acme/policies'
  let inForce: { readonly spec: PolicySourceSpec } | null = null
  const events = forgeEvents(error => t.fail('a listener failed', { cause: error }))
  const stop = wakeByPushes({ inForce: () => inForce, look: () => (looks += 1) }, events)
  const push = { kind: 'push', repository: 'Acme/Policies', deliveryId: '1' } as const
  events.tell(push)
  t.equal(looks, 0, 'what is not in force wakes nothing')
  inForce = { spec: { url } }
  events.tell(push)
  t.equal(looks, 0)
  inForce = { spec: { url, forge } }
  events.tell(push)
  events.tell({ ...push, kind: 'change' })
  events.tell({ ...push, repository: 'acme/other' })
  t.equal(looks, 1)
  stop()
  events.tell(push)
  t.equal(looks, 1)
})

t.test('a listener that throws keeps nobody else from hearing', async t => {
  const failures: unknown[] = []
  const heard: unknown[] = []
  const events = forgeEvents(error => failures.push(error))
  const wrong = new Error('wrong')
  events.subscribe(() => {
    throw wrong
  })
  events.subscribe(event => heard.push(event))
  const ping = { kind: 'ping', repository: 'acme/policies', deliveryId: null } as const
  events.tell(ping)
  t.strictSame([failures, heard], [[wrong], [ping]])
})
