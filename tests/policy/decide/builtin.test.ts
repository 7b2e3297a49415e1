import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { builtinRefusal } from '../../../policy/decide/builtin.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'

t.test('only entries that name the server builtin speak of the tools of Writ', async t => {
  const refusal = (...tools: object[]) => {
    const metadata = { name: 'p' }
    const document = {
      apiVersion: 'writ.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata,
      spec: { tools },
    }
    const { tables } = compile([{ path: 'p.yaml', text: JSON.stringify(document) }])
    const table = load(tables?.get('default')?.json ?? '')
    const call = factsOf({ tool: 'get_approval_status', server: 'builtin' })
    return builtinRefusal(table, call)?.reason ?? null
  }
  const own = (more: object) => ({ name: 'get_*', server: 'builtin', ...more })
  t.equal(refusal(), null, 'they need no policy')
  t.equal(refusal({ name: '*', rules: [{ action: 'deny' }] }), null)
  t.equal(refusal(own({ enabled: false })), 'disabled')
  t.equal(refusal(own({ rules: [{ action: 'deny' }] })), 'rule')
  t.equal(refusal(own({ rules: [{ action: 'require_approval' }] })), null)
  t.equal(refusal(own({ rules: [{ action: 'allow' }] })), null)
  t.equal(refusal(own({ rules: [] })), null)
})
