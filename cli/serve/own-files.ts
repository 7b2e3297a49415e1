import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { SourceFile } from '../../policy/compile/compile.ts'
import type { DataFolder } from '../data-folder.ts'

/** The person at this machine, whom the admin token of `writ up` stands for. */
export const localUser = 'local'

/**
 * What makes the person and the agent at this machine known: compiled with the policies, kept in the
 * data folder so that it can be looked at.
 */
export async function ownFiles({ path, secrets }: DataFolder): Promise<readonly SourceFile[]> {
  const file = { path: join(path, 'local.yaml'), text: documents(secrets.agentKeySha256) }
  await replaceFile(file.path, file.text)
  return [file]
}

function documents(sha256: string): string {
  return `# Written by \`writ up\` at every start: the person and the agent at this machine.
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${localUser} }
spec: { displayName: Who runs writ up, roles: [owner] }
---
# It has no owner: owners never decide for their own agent, and here nobody else could.
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: local }
spec:
  apiKeys: [{ name: local, sha256: ${sha256} }]
`
}
