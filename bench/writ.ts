import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '../policy/compile/compile.ts'
import { load } from '../policy/decide/load.ts'
import { openJournal } from '../proxy/journal/journal.ts'
import type { Caller, Tables } from '../proxy/mcp/needs.ts'
import { createProxy } from '../proxy/proxy.ts'
import { telemetrySetting } from '../telemetry/telemetry-setting.ts'
import { serve } from './child.ts'

/** The proxy as it ships, everything on: key, rules, canonical arguments, redaction, journal. */
const key = 'bench'
const sha256 = createHash('sha256').update(key).digest('hex')
const rules = Array.from(
  { length: 20 },
  (_, i) => `        - when: args.amount == ${1000 + i} && args.path.contains("secret")
          action: deny`,
)
const policies = `apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: upstream }
spec: { url: "${process.argv[2]}" }
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
  tools:
    - name: read
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
  subscribe: listener => {
    setImmediate(listener, 'default')
    return () => undefined
  },
}
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error }

/** Where traces are told, when they are. */
const collector = process.argv[3]

async function tracing(endpoint: string) {
  const setting = telemetrySetting({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  if (setting === null) throw new Error('telemetry is off')
  const [{ openTelemetry }, { openCallTraces }] = await Promise.all([
    import('../telemetry/open-telemetry.ts'),
    import('../proxy/telemetry/open-call-traces.ts'),
  ])
  const log = { info() {}, warn: console.error }
  const needs = { service: 'bench', version: '1', log, now: Date.now, random: Math.random }
  const { tracer } = openTelemetry(setting, needs)
  return tracer === null ? {} : { traces: openCallTraces(tracer) }
}

const journal = await openJournal({ folder: mkdtempSync(join(tmpdir(), 'writ-bench-')) })
const connected = Promise.withResolvers<void>()
const proxy = createProxy({
  port: 0,
  tables,
  journal,
  secrets: async () => null,
  ...(collector === undefined ? {} : await tracing(collector)),
  report: upstreams => {
    if (upstreams.every(({ state }) => state === 'connected')) connected.resolve()
  },
  log: quiet,
})
void proxy.run(new AbortController().signal)
const url = await proxy.listening
await connected.promise
serve(new URL('/mcp/v1', url).href)
