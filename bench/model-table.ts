import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '../policy/compile/compile.ts'

const sha256 = createHash('sha256').update('bench').digest('hex')
const rules = Array.from(
  { length: 20 },
  (
    _,
    i,
  ) => `        - when: request.maxTokens == ${9000 + i} && request.tools.exists(t, t == "exec")
          action: deny`,
)

const policiesFor = (upstream: string) => `apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: upstream }
spec:
  protocol: openai
  baseUrl: "${upstream.replace('/chat/completions', '')}"
  secretRef: { name: upstream, key: key }
  models: [{ name: gpt, upstream: gpt-bench, price: { input: "2.50", output: "10" } }]
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: bench }
spec: { per: agent, window: month, limit: { usd: "100000000" } }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bench }
spec: { apiKeys: [{ name: bench, sha256: ${sha256} }] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: bench }
spec:
  models:
    - name: gpt
      rules:
${rules.join('\n')}
        - action: allow
`

/** Compiles the policies under which models are measured, and gives the file that holds their table. */
export function modelTable(upstream: string): string {
  const text = policiesFor(upstream)
  const { tables, problems } = compile([{ path: 'bench.yaml', text }])
  const json = tables?.get('default')?.json
  if (json === undefined) throw new Error(JSON.stringify(problems))
  const file = join(mkdtempSync(join(tmpdir(), 'writ-bench-')), 'table.json')
  writeFileSync(file, json)
  return file
}
