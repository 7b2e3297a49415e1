import { join } from 'node:path'
import t from 'tap'
import { type Revision, report, runSuite } from './suite.ts'

/** What concerns the side that Writ turns to its upstreams; the scenarios on OAuth wait for OAuth. */
const scenarios: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry'],
  '2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-ref-no-deref',
  ],
}

const driver = join(import.meta.dirname, 'client-driver.ts')

for (const [revision, names] of Object.entries(scenarios)) {
  t.test(`Writ conforms to ${revision} as a client`, async t => {
    for (const scenario of names) {
      const command = `${process.execPath} ${driver}`
      const args = ['client', '--command', command, '--scenario', scenario]
      report(t, [scenario], await runSuite([...args, '--spec-version', revision]))
    }
  })
}
