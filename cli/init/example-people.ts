import { slug } from '../../policy/compile/portable/slug.ts'
import type { InitSettings } from './init-plan.ts'

/** Who answers what the rules leave to people. */
export const workflows = `# Who answers what the rules leave to people.
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: ask-owners }
spec:
  description: A question about a call of an agent.
  approvers: { teams: [owners] }
  timeout: 1h
---
# A change of these files that may let agents do more needs this many people, who are in force before the change.
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: policy-review }
spec:
  description: A change of the policies that may widen what agents can do.
  approvers: { teams: [owners] }
  approvalsRequired: 1 # better 2, once there are three of you
  timeout: 7d
`

/** The people, by their names elsewhere. */
export function people({ owner }: Pick<InitSettings, 'owner'>): string {
  const name = slug(owner)
  return `# People. Comments on pull requests count for whoever has the number of the account:
# https://api.github.com/users/${owner}
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name} }
spec:
  displayName: ${JSON.stringify(owner)}
  roles: [owner]
  # identities: { github: { id: 583231, login: ${JSON.stringify(owner)} } }
  # apiKeys: [] # npx writ keys create
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: owners }
spec: { members: [${name}] }
`
}

/** Where these files are in force from. */
export function policySource({
  url,
  repository,
}: Pick<InitSettings, 'url' | 'repository'>): string {
  const forge = repository === null ? [] : forgeLines(repository)
  return `${[
    '# Where policies come from: a controller that serves this repository reviews changes of it as is written here.',
    '# It counts once it is in force: what a change says of its own review does not.',
    'apiVersion: writ.dev/v1alpha1',
    'kind: PolicySource',
    'metadata: { name: policies }',
    'spec:',
    `  url: ${JSON.stringify(url)}`,
    '  branch: main',
    '  path: policies',
    ...forge,
    '  review: { workflow: policy-review, replay: 30d }',
  ].join('\n')}\n`
}

function forgeLines(repository: string): readonly string[] {
  return [
    '  # npx writ secrets set github token; npx writ secrets set github webhook',
    '  webhookSecretRef: { name: github, key: webhook }',
    `  forge: { type: github, repository: ${JSON.stringify(repository)}, secretRef: { name: github, key: token } }`,
  ]
}
