import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Collector, collector } from '../telemetry/collector.ts'
import { anyPorts, call, connect, eventually, workplace } from './quickstart.ts'
import { root, type ServingWrit, serve, writ } from './writ.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Names of the metrics in a table of the page, sorted. */
function described(heading: string): string[] {
  const [, section = ''] = read('docs/telemetry.md').split(`### ${heading}\n`)
  const [table = ''] = section.split('\n#')
  return [...table.matchAll(/^\| `(writ_\w+)` +\| (\w+)/gm)].map(([, name]) => name ?? '').sort()
}

async function shown(url: URL, headers: Record<string, string> = {}): Promise<string[]> {
  const text = await (await fetch(url, { headers })).text()
  return [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name ?? '').sort()
}

async function tokenOf({ ready }: ServingWrit): Promise<string> {
  return JSON.parse(readFileSync(join(ready.data, 'controller.json'), 'utf8')).token
}

t.test('writ up tells what it does where its environment says so', async t => {
  const told: Collector = await collector(t)
  const cwd = workplace(t)
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: told.url,
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  }
  const serving = await serve(['up', ...anyPorts], { cwd, env }, end => t.teardown(end))
  const client = await connect(t, serving)
  await call(client, 'echo', { message: 'the arguments are nobodys business' })

  await t.test('every metric of both processes has its line in docs/telemetry.md', async t => {
    const proxy = await shown(new URL('/metrics', serving.ready.proxy))
    t.strictSame(proxy, described('Of a proxy'))
    const authorization = `Bearer ${await tokenOf(serving)}`
    const controller = await shown(new URL('/metrics', serving.ready.controller), { authorization })
    t.strictSame(controller, described('Of the controller'))
    t.strictSame(
      proxy.filter(name => controller.includes(name)),
      [],
      'no name is told twice',
    )
  })

  await t.test('OpenTelemetry is told the numbers of both', async t => {
    const full = () => told.metrics.filter(({ points }) => points.length > 0)
    const names = () => new Set(full().map(({ name }) => name))
    await eventually(t, 'both are told', async () =>
      ['writ_decisions_total', 'writ_namespaces'].every(name => names().has(name)),
    )
    const decisions = full().findLast(({ name }) => name === 'writ_decisions_total')
    t.match(decisions, {
      kind: 'sum',
      points: [{ labels: { kind: 'tool', action: 'allow', reason: 'rule' }, value: 1 }],
    })
    const known = [...described('Of a proxy'), ...described('Of the controller')]
    t.strictSame(
      [...names()].filter(name => !known.includes(name)),
      [],
    )
  })

  await t.test('the spans are told before it ends, and hold nothing of the arguments', async t => {
    t.equal(await serving.stop(), 0)
    const [span] = told.spans.filter(({ kind }) => kind === 2)
    t.match(span, {
      name: 'tools/call',
      attributes: { 'gen_ai.tool.name': 'echo', 'writ.outcome': 'succeeded' },
      resource: { 'service.name': 'writ', 'deployment.environment.name': 'test' },
    })
    t.notOk(told.bytes.some(bytes => bytes.includes('nobodys')))
  })
})

t.test('a variable that cannot be meant ends the start with a sentence', async t => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }
  for (const args of [
    ['up', ...anyPorts],
    ['controller', join(root, 'examples/quickstart'), '--port', '0'],
  ]) {
    const { code, err } = await writ([...args, '--data', t.testdir({})], {
      cwd: t.testdir({}),
      env,
    })
    t.equal(code, 2, err)
    t.match(err, 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL without credentials')
    t.match(err, 'see docs/telemetry.md')
  }
})

t.test('the dashboard asks for metrics that are there', async t => {
  const text = read('charts/writ/dashboards/writ.json')
  const { panels } = JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] }
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  t.ok(queries.length > 10, 'there are queries to look at')
  const asked = queries.flatMap(query => query.match(/\bwrit_\w+/g) ?? [])
  const known = [...described('Of a proxy'), ...described('Of the controller')]
  const series = known.flatMap(name => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`])
  t.strictSame(
    asked.filter(name => !series.includes(name)),
    [],
  )
  const alerts = read('docs/telemetry.md').split('what to be woken by')[1] ?? ''
  const woken = alerts.match(/\bwrit_\w+/g) ?? []
  t.ok(woken.length > 5)
  t.strictSame(
    woken.filter(name => !known.includes(name)),
    [],
  )
})
