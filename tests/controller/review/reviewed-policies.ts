import type { Files } from '../git/repositories.ts'
import type { Issue } from '../github/github-state.ts'
import type { PullWorld, pullWorld } from './pull-world.ts'

/** Ana owns the namespace; ben, cleo and dan review, two of them for what widens. */
export const reviewedFiles: Parameters<typeof pullWorld>[1] = ({ source, ids }) => ({
  'README.md': 'Policies of Acme.\n',
  'policies/source.yaml': source,
  'policies/people.yaml': [
    ...(['ana', 'ben', 'cleo', 'dan'] as const).map(
      name => `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name} }
spec: { ${name === 'ana' ? 'roles: [owner], ' : ''}identities: { github: { id: ${ids[name]} } } }
`,
    ),
    `
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: widening }
spec: { approvers: { users: [ben, cleo, dan] }, approvalsRequired: 2 }
`,
  ].join('---'),
  'policies/deploy.yaml': policy('require_approval'),
})

/** A rule for one tool that does so. */
export function policy(action: string): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: platform }
spec:
  tools:
    - name: deploy_app
      rules: [{ name: deploys, action: ${action} }]
`
}

export const wider: Files = { 'policies/deploy.yaml': policy('allow') }
export const narrower: Files = { 'policies/deploy.yaml': policy('deny') }

/** What commands carry of the digest of a review. */
export function digitsOf({ digest }: { readonly digest: string }): string {
  return digest.slice(7, 19)
}

/** Everything that an attempt in vain must leave as it is. */
export async function standing({ hub, repo, reviews }: PullWorld, sha: string) {
  const found = await reviews()
  return {
    reviews: found.map(({ digest, state, votes }) => ({ digest, state, votes })),
    isGreen: hub.isGreen(repo, sha),
  }
}

/** What Writ said of answers that count no more. */
export function replies({ hub }: PullWorld, pull: Issue): readonly string[] {
  return hub
    .comments(pull)
    .filter(({ author, body }) => author?.login === 'writ' && body.includes('are void'))
    .map(({ body }) => body)
}
