import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { anyPorts } from '../cli/quickstart.ts'
import { type ServingWrit, serve } from '../cli/writ.ts'

/** Keys that the policies know. */
export const agentKey = 'the-key-of-the-bird'
export const userKey = 'the-key-of-ana-who-decides'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Where the other sides are. */
export interface Places {
  readonly upstream: string
  readonly mailPort: number
  readonly github: string
}

const policies = ({ upstream, mailPort, github }: Places) => `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: up }
spec: { url: "${upstream}/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: one }
spec:
  protocol: openai
  baseUrl: ${upstream}/v1
  models: [${['says', 'fails', 'asked', 'denied'].map(name => `{ name: gpt-${name}, price: { input: "1", output: "1" }, maxOutputTokens: 100 }`)}]
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: hook }
spec: { type: webhook, url: "${upstream}/hook" }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: chat }
spec: { type: mattermost, url: "${upstream}/chat" }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: slack }
spec: { type: slack, secretRef: { name: slack, key: url } }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: mail }
spec: { type: mail, host: localhost, port: ${mailPort}, security: none, from: writ@example.com, to: [all@example.com] }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: thread }
spec: { type: github, repository: acme/ops, thread: 1, apiUrl: "${github}", secretRef: { name: github, key: token } }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: ask }
spec: { approvers: { users: [ana] }, channels: [hook, chat, slack, mail, thread], inlineWait: 1s, mode: async, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bird }
spec: { apiKeys: [{ name: mine, sha256: ${sha256(agentKey)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], email: ana@example.com, apiKeys: [{ name: mine, sha256: ${sha256(userKey)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: all }
spec:
  tools:
    - { name: denied, rules: [{ action: deny, message: Not here. }] }
    - { name: asked, justification: optional, approvalWorkflow: ask, rules: [{ action: require_approval }] }
    - { name: odd, rules: [{ when: "args.list[0] > 5 || args.none == 1", action: allow }] }
    - { name: "*", justification: optional, rules: [{ action: allow }] }
  models:
    - { name: gpt-denied, rules: [{ action: deny }] }
    - { name: gpt-asked, approvalWorkflow: ask, rules: [{ action: require_approval }] }
    - { name: "*", rules: [{ action: allow }] }
  resources: [{ uri: "notes:///denied*", rules: [{ action: deny }] }, { uri: "*", rules: [{ action: allow }] }]
  prompts: [{ name: "*", rules: [{ action: allow }] }]
`

/** Starts `writ up` with a policy that allows, denies and asks, and with channels of every kind that can be heard here. */
export function begun(
  t: Test,
  places: Places,
  env: NodeJS.ProcessEnv,
  data: string,
): Promise<ServingWrit> {
  const folder = join(data, '..')
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies/all.yaml'), policies(places))
  const args = ['up', 'policies', '--data', data, ...anyPorts]
  return serve(args, { cwd: folder, env }, end => t.teardown(end))
}
