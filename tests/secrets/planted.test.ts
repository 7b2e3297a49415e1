import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { openStore } from '../../controller/store/open-store.ts'
import { eventually } from '../cli/quickstart.ts'
import { type ServingWrit, writ } from '../cli/writ.ts'
import { mailServer } from '../controller/channels/mail-server.ts'
import { githubStub } from '../controller/github/github-stub.ts'
import { plantedSecrets } from '../records/redact/planted-secrets.ts'
import { collector } from '../telemetry/collector.ts'
import { Search } from './look-for.ts'
import { mcpClient, plantInModels, plantInTools } from './plant-in-calls.ts'
import { type Asking, asker, plantInReasons, type Waiting } from './plant-in-reasons.ts'
import { begun } from './planted-world.ts'
import { Planter } from './planter.ts'
import { repeatingUpstream } from './repeating-upstream.ts'

const reads = [
  ...['status', 'problems', 'tables', 'proxies', 'audit?limit=1000', 'audit/export'],
  ...['approval-requests?limit=100', 'approval-requests?state=denied&limit=100', 'overrides'],
  ...['approval-workflows', 'approval-grants', 'usage', 'budgets', 'models', 'runtime-sessions'],
  ...['halts', 'reviews', 'tool-configurations', 'audit/checkpoints'],
]

async function readEverything(heard: Map<string, string>, asking: Asking): Promise<void> {
  const ask = asker(asking)
  for (const path of reads) heard.set(`api ${path}`, await ask(`/api/v1/${path}`))
  const { requests }: Waiting = JSON.parse(
    heard.get('api approval-requests?limit=100')?.slice(4) ?? '',
  )
  for (const { id } of requests) {
    heard.set(`api ${id}`, await ask(`/api/v1/approval-requests/${id}`))
  }
  for (const path of ['/metrics', '/healthz', '/readyz']) heard.set(path, await ask(path))
}

/** Every row of every table, as text. */
async function dump(heard: Map<string, string>, data: string): Promise<void> {
  const store = await openStore({ folder: join(data, 'controller/store') })
  try {
    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(store.db)
    for (const { name } of tables) {
      const { rows } = await sql`select row_to_json(t)::text from ${sql.table(name)} t`.execute(
        store.db,
      )
      heard.set(`table ${name}`, JSON.stringify(rows))
    }
  } finally {
    await store.close()
  }
}

function readFiles(heard: Map<string, string>, data: string): void {
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
    const path = join(data, name)
    if (statSync(path).isFile()) {
      heard.set(`file ${relative(data, path)}`, readFileSync(path, 'latin1'))
    }
  }
}

async function heardFrom(writer: ServingWrit, data: string): Promise<Map<string, string>> {
  const heard = new Map<string, string>()
  const { proxy, controller } = writer.ready
  const admin = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')).adminToken
  await readEverything(heard, { controller, admin })
  heard.set('metrics of the proxy', await fetch(`${proxy}/metrics`).then(answer => answer.text()))
  for (const args of [
    ['status'],
    ['audit', 'list', '--limit', '500'],
    ['approvals', 'list'],
    ['usage'],
    ['sessions', 'list'],
    ['halt', 'list'],
    ['override', 'list'],
  ]) {
    const told = await writ([...args, '--data', data])
    heard.set(`writ ${args.join(' ')}`, `${told.out}${told.err}`)
  }
  return heard
}

t.test(
  'no secret of a known kind is kept or told, wherever it is planted',
  {
    timeout: 600_000,
  },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'writ-planted-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
    const data = join(folder, 'data')
    const [upstream, mail, hub, telemetry] = [
      await repeatingUpstream(t),
      await mailServer(t),
      await githubStub(t),
      await collector(t),
    ]
    const [ana, bot] = [hub.user('ana'), hub.user('writ-bot')]
    const thread = hub.ask(hub.repository('acme/ops'), ana, 'What agents ask')
    const writer = await begun(
      t,
      { upstream: upstream.url, mailPort: mail.port, github: hub.apiUrl },
      {
        WRIT_SECRET_GITHUB_TOKEN: hub.token(bot),
        WRIT_SECRET_SLACK_URL: `${upstream.url}/slack`,
        OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.url,
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      },
      data,
    )
    const { proxy, controller } = writer.ready
    const admin = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')).adminToken
    const plant = new Planter()
    await plantInTools(plant, await mcpClient(proxy))
    await plantInModels(plant, proxy)
    await plantInReasons(t, plant, { controller, admin }, data)
    const told = (part: string) => upstream.sent.get(part)?.length ?? 0
    await eventually(t, 'people were told in every way', async () =>
      Promise.resolve(
        told('hook') > 20 && told('chat') > 5 && told('slack') > 5 && mail.arrived.length > 5,
      ),
    )
    const heard = await heardFrom(writer, data)
    t.equal(await writer.stop(), 0)
    heard.set('log', writer.log())
    readFiles(heard, data)
    await dump(heard, data)
    for (const part of ['hook', 'chat', 'slack']) {
      heard.set(`messages to ${part}`, upstream.sent.get(part)?.join('\n') ?? '')
    }
    const mails = mail.arrived.map(({ raw, mail }) => `${raw} ${mail.text} ${mail.html}`)
    heard.set('mails', mails.join('\n'))
    heard.set('comments', JSON.stringify(hub.comments(thread)))
    heard.set('telemetry', telemetry.bytes.join('\n'))

    const own = ['file controller/signing-key.pem', 'file secrets.json']
    const found = [...heard]
      .filter(([where]) => !own.includes(where))
      .flatMap(([where, text]) => plant.search.in(text).map(what => ({ where, what })))
    const leaks = Object.groupBy(found, ({ where, what }) => `${where}: ${what.split(',')[0]}`)
    const summary = Object.entries(leaks).map(([leak, all = []]) => [
      leak,
      all.length,
      all[0]?.what,
    ])
    t.strictSame(summary, [], `${plant.count} secrets in ${heard.size} places`)
    t.match(heard.get('table records'), /\[redacted\]/)
    t.match(heard.get('messages to hook'), /\[redacted\]/)
    t.match(heard.get('mails'), /\[redacted\]/)
    t.ok(telemetry.spans.length > 100, 'calls were traced')
    t.ok(plant.count > 3000)
  },
)

t.test('a planted leak is found, however it is spelt', async t => {
  for (const { kind, text, secret } of plantedSecrets()) {
    const search = new Search()
    search.add({ name: kind, secret })
    for (const leak of [
      text,
      JSON.stringify(text),
      encodeURIComponent(text),
      Buffer.from(`x${text}`).toString('base64'),
      Buffer.from(`xy${text}`).toString('base64url'),
    ]) {
      if (search.in(`before ${leak} after`).length === 0) t.fail(`${kind}: ${leak}`)
    }
  }
  t.pass()
})
