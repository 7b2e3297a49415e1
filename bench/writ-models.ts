import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '../policy/compile/compile.ts'
import { load } from '../policy/decide/load.ts'
import type { LeaseOffice } from '../proxy/budgets/lease-office.ts'
import { openBudgets } from '../proxy/budgets/open-budgets.ts'
import { openJournal } from '../proxy/journal/journal.ts'
import type { Caller, Tables } from '../proxy/mcp/needs.ts'
import { createProxy } from '../proxy/proxy.ts'
import { serve } from './child.ts'

/** The model gateway as it ships, everything on: key, rules, budget, journal, usage, credential. */
const key = 'bench'
const sha256 = createHash('sha256').update(key).digest('hex')
const rules = Array.from(
  { length: 20 },
  (
    _,
    i,
  ) => `        - when: request.maxTokens == ${9000 + i} && request.tools.exists(t, t == "exec")
          action: deny`,
)
const policies = `apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: upstream }
spec:
  protocol: openai
  baseUrl: "${process.argv[2]?.replace('/chat/completions', '')}"
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

const { tables: compiled, problems } = compile([{ path: 'bench.yaml', text: policies }])
const json = compiled?.get('default')?.json
if (json === undefined) throw new Error(JSON.stringify(problems))
const table = load(json)
const caller: Caller = { namespace: 'default', agent: table.table.agents[0]!, apiKey: 'bench' }
const tables: Tables = {
  caller: hash => (hash === sha256 ? caller : null),
  current: () => table,
  subscribe: () => () => undefined,
}

/** Lends whatever is asked for, as a ledger with enough left does. */
const state = { limit: 1e14, extended: 0, spent: 0, reserved: 0 }
const office: LeaseOffice = {
  begin: async () => undefined,
  lease: async ({ need }) => ({
    lease: { id: randomUUID(), fence: 1, amount: need * 10_000, ttlMs: 3_600_000 },
    state,
  }),
  renew: async ({ leases }) => ({
    leases: leases.map(({ id }) => ({ id, ttlMs: 3_600_000, state })),
  }),
}
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }

const journal = await openJournal({ folder: mkdtempSync(join(tmpdir(), 'writ-bench-')) })
const { budgets } = openBudgets({ tables, office, journal, log: quiet })
const proxy = createProxy({
  port: 0,
  tables,
  journal,
  budgets,
  secrets: async () => 'sk-of-the-upstream',
  report: () => undefined,
  log: quiet,
})
void proxy.run(new AbortController().signal)
serve(new URL('/openai/v1/chat/completions', await proxy.listening).href)
