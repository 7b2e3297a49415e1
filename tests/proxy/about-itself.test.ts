import t from 'tap'
import { serveProbes } from '../../proxy/about-itself.ts'
import type { Tables } from '../../proxy/mcp/needs.ts'
import { meter } from '../../proxy/meter.ts'
import { freePort } from '../cluster/free-port.ts'

const noTables: Tables = {
  caller: () => null,
  current: () => null,
  subscribe: () => () => undefined,
  enforced: () => ({}),
}

t.test(
  'health is shown on a port of its own, by any name, and calls are not taken there',
  async t => {
    const port = await freePort()
    const tables = noTables
    const close = await serveProbes(port, { tables, meter: meter(() => 3) })
    t.teardown(close)
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    const statuses = async () => {
      const paths = ['/healthz', '/readyz', '/metrics', '/mcp/v1', '/openai/v1/models', '/']
      return Promise.all(paths.map(async path => (await get(path)).status))
    }
    t.strictSame(await statuses(), [200, 503, 200, 404, 404, 404])
    t.match(await (await get('/metrics')).text(), /writ_mcp_sessions 3/)
    const elsewhere = await fetch(`http://127.0.0.1:${port}/healthz`, {
      headers: { host: '10.0.0.7:7402' },
    })
    t.equal(elsewhere.status, 200)
  },
)

t.test('without a port nothing is shown', async t => {
  const close = await serveProbes(undefined, { tables: noTables, meter: meter(() => 0) })
  t.equal(await close(), undefined)
})
