import t from 'tap'
import { compile } from '../../../../policy/compile/compile.ts'

t.test('a question in a file is refused: the controller alone asks', async t => {
  const text = `
apiVersion: writ.dev/v1alpha1
kind: ApprovalRequest
metadata: { name: apr-0123456789abcdef }
spec: {}
status: { state: approved }
`
  const { tables, problems } = compile([{ path: 'requests.yaml', text }])
  t.equal(tables, null)
  t.match(problems, [{ severity: 'error', code: 'unknown_kind', line: 3 }])
})
