import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'

const policies = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { email: ana@example.com, roles: [owner] }
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: sre }
spec: { members: [ana] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: deploys }
spec: { approvers: { teams: [sre] } }
`

const system = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: root, namespace: writ-system }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: security, namespace: writ-system }
spec: { members: [root] }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: hook, namespace: writ-system }
spec: { type: webhook, url: https://example.com/hook }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: people, namespace: writ-system }
spec: { approvers: { users: [root] }, escalation: { after: 2m, to: { teams: [security] } } }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: judge, namespace: writ-system }
spec: { channels: [hook], ai: { model: small, escalateTo: people } }
`

function directories(...texts: string[]) {
  return compile(texts.map((text, i) => ({ path: `${i}.yaml`, text })))
}

t.test('a directory names the people, teams and workflows of its namespace', async t => {
  const { problems, tables, directories: found } = directories(policies)
  t.strictSame(problems, [])
  t.strictSame(found, [
    {
      namespace: 'default',
      table: tables?.get('default')?.digest,
      users: [{ name: 'ana', spec: { email: 'ana@example.com', roles: ['owner'] } }],
      teams: [{ name: 'sre', members: ['ana'] }],
      workflows: [{ name: 'deploys', spec: { approvers: { teams: ['sre'] } } }],
      channels: [],
      providers: [],
    },
  ])
})

t.test('what the system namespace lends is named after it, inside as well', async t => {
  const found = directories(policies, system).directories
  t.strictSame(
    found.map(({ namespace }) => namespace),
    ['default', 'writ-system'],
  )
  const [own, lent] = found
  t.strictSame(
    own?.users.map(({ name }) => name),
    ['ana', 'writ-system/root'],
  )
  t.strictSame(own?.teams.at(-1), { name: 'writ-system/security', members: ['writ-system/root'] })
  t.strictSame(own?.workflows.slice(1), [
    {
      name: 'writ-system/judge',
      spec: {
        channels: ['writ-system/hook'],
        ai: { model: 'small', escalateTo: 'writ-system/people' },
      },
    },
    {
      name: 'writ-system/people',
      spec: {
        approvers: { users: ['writ-system/root'], teams: [] },
        escalation: { after: '2m', to: { users: [], teams: ['writ-system/security'] } },
      },
    },
  ])
  t.strictSame(
    lent?.workflows.map(({ name }) => name),
    ['judge', 'people'],
  )
})

t.test('what does not compile has no directory', async t => {
  t.strictSame(directories('kind: Nothing').directories, [])
})
