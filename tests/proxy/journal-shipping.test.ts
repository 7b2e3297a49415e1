import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { ControllerLink } from '../../proxy/follow/controller-link.ts'
import { linkController } from '../../proxy/follow/controller-link.ts'
import { reportState } from '../../proxy/follow/report-state.ts'
import { shipJournal } from '../../proxy/follow/ship-journal.ts'
import { type Journal, openJournal } from '../../proxy/journal/journal.ts'
import { Seals } from '../../proxy/journal/seals.ts'
import { segments } from '../../proxy/journal/segment.ts'
import { headIn } from '../../records/line.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import { until, type World, world } from '../controller/world.ts'
import { entryText } from './journal-entry.ts'

interface Shipped {
  readonly shipped: () => number
  stop(): Promise<void>
}

const sealsOf = (journal: Journal) => new Seals({ journal, now: Date.now, keyDays: 30 })

async function ship(
  t: Test,
  journal: Journal,
  controller: ControllerLink,
  warnings: unknown[] = [],
): Promise<Shipped> {
  const stop = new AbortController()
  const log = { warn: ({ err }: { err?: unknown }) => warnings.push(err) }
  const seals = sealsOf(journal)
  const shipping = await shipJournal({ journal, controller, seals, log, batchBytes: 4096 })
  const running = shipping.run(stop.signal)
  const end = async () => {
    stop.abort()
    await running
  }
  t.teardown(end)
  return { shipped: () => shipping.shipped(), stop: end }
}

async function open(t: Test, folder: string): Promise<Journal> {
  const journal = await openJournal({ folder, segmentBytes: 4000 })
  t.teardown(() => journal.close())
  return journal
}

async function write(journal: Journal, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await journal.write([entryText({ call: `call-${i}` })])
}

async function recorded(w: World, url: URL): Promise<string[]> {
  const body = await (await w.get(url, '/api/v1/audit/export?form=entries')).text()
  return body.split('\n').filter(Boolean)
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}

const seqsOf = (lines: readonly string[]) =>
  lines.map(line => JSON.parse(line).seq).sort((a, b) => a - b)

t.test(
  'entries wait while the controller is away, and reach it once, also when it is killed in between',
  async t => {
    const w = await world(t)
    const folder = join(w.root, 'journal')
    const journal = await open(t, folder)
    await write(journal, 100)
    const first = await w.startController()
    const shipping = await ship(t, journal, w.link(first.url))
    await until(() => shipping.shipped() === 100)
    t.equal(segments(folder).length, 1, 'what was shipped whole is deleted, the newest stays')

    await first.stop()
    await write(journal, 300)
    await until(() => journal.state().flushed === 400)
    t.ok(segments(folder).length > 10, 'everything is kept')
    t.equal(shipping.shipped(), 100)

    const { url } = await w.startController({ port: Number(first.url.port) })
    await until(() => shipping.shipped() === 400)
    t.strictSame(seqsOf(await recorded(w, url)), upTo(400))
    t.equal(segments(folder).length, 1)
  },
)

t.test('an answer that is lost makes entries come twice and be kept once', async t => {
  const w = await world(t)
  const folder = join(w.root, 'journal')
  const { url } = await w.startController()
  const link = w.link(url)
  let cut = 0
  const losing: ControllerLink = {
    close: link.close,
    async send(path, options) {
      const answer = await link.send(path, options)
      await answer.body.dump()
      if (cut++ % 2 === 0) throw new Error('the connection was reset')
      return link.send(path, options)
    },
  }
  const journal = await open(t, folder)
  await write(journal, 50)
  const shipping = await ship(t, journal, losing)
  await until(() => shipping.shipped() === 50)
  t.strictSame(seqsOf(await recorded(w, url)), upTo(50))
})

t.test('no acknowledged entry is missing or there twice after kill -9 and shipping', async t => {
  const w = await world(t)
  const folder = join(w.root, 'journal')
  const { url } = await w.startController()
  const link = w.link(url)
  let acknowledged = 0
  for (const after of [20, 500, 150]) {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'journal-writer.ts'), folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const exit = once(child, 'exit')
    let seen = 0
    for await (const said of createInterface(child.stdout)) {
      if (!said.startsWith('kept ')) continue
      acknowledged = Number(said.slice('kept '.length))
      seen += 1
      if (seen === after) child.kill('SIGKILL')
    }
    await exit
    const journal = await openJournal({ folder })
    const shipping = await ship(t, journal, link)
    if (after === 500) await until(() => shipping.shipped() > acknowledged / 2)
    else await until(() => shipping.shipped() === journal.state().seq)
    await shipping.stop()
    await journal.close()
  }
  const seqs = seqsOf(await recorded(w, url))
  t.ok(seqs.length >= acknowledged)
  t.strictSame(seqs, upTo(seqs.length))
  const { ledger } = Object(await (await w.get(url, '/api/v1/status')).json())
  t.strictSame(ledger, { records: seqs.length, missing: 0, gaps: [] })
})

t.test('two proxies with one id are found out, and neither loses an entry', async t => {
  const w = await world(t)
  const { url } = await w.startController()
  const link = w.link(url)
  const journal = await open(t, join(w.root, 'journal'))
  await write(journal, 3)
  const shipping = await ship(t, journal, link)
  await until(() => shipping.shipped() === 3)
  await shipping.stop()
  await journal.close()
  cpSync(join(w.root, 'journal'), join(w.root, 'copy'), { recursive: true })
  const original = await open(t, join(w.root, 'journal'))
  const copy = await open(t, join(w.root, 'copy'))
  await write(original, 2)
  await copy.write([entryText({ call: 'another' })])
  const shipped = await ship(t, original, link)
  await until(() => shipped.shipped() === 5)
  const warnings: { status?: number }[] = []
  const refused = await ship(t, copy, link, warnings)
  await until(() => warnings.length > 0)
  t.match(warnings, [{ code: 'controller_refused', status: 409 }])
  t.equal(refused.shipped(), 3)
  t.strictSame(seqsOf(await recorded(w, url)), upTo(5))
})

t.test('only what a power failure cannot take back is sent', async t => {
  const w = await world(t)
  const journal = await open(t, join(w.root, 'journal'))
  const sent: number[] = []
  const server = createServer(async (request, response) => {
    const lines = (await text(request)).split('\n').filter(line => headIn(line) !== null)
    sent.push(Math.max(...lines.map(line => JSON.parse(line).seq)) - journal.state().flushed)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const link = linkController(`http://127.0.0.1:${port}`, 'a token')
  t.teardown(() => link.close())
  const shipping = await ship(t, journal, link)
  for (let i = 0; i < 20; i += 1) {
    await write(journal, 10)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await until(() => shipping.shipped() === 200)
  t.ok(sent.every(ahead => ahead <= 0))
})

t.test(
  'a proxy reports at once when something changes, and again when the controller is back',
  async t => {
    const w = await world(t)
    const { url, stop: stopController } = await w.startController()
    let digest = 'sha256:first'
    const report = (): ProxyReport => ({
      proxy: 'proxy-1',
      version: '1',
      startedAt: '2026-11-21T09:00:00Z',
      enforced: { default: digest },
      upstreams: [],
      journal: { seq: 0, shipped: 0 },
    })
    let changed: () => void = () => undefined
    const warnings: unknown[] = []
    const reporting = reportState({
      controller: w.link(url),
      report,
      onChange: listener => {
        changed = listener
        return () => undefined
      },
      everyMs: 200,
      log: { warn: (_, message) => warnings.push(message) },
    })
    const stop = new AbortController()
    const running = reporting.run(stop.signal)
    t.teardown(async () => {
      stop.abort()
      await running
    })
    const enforced = async (url: URL) =>
      Object(await (await w.get(url, '/api/v1/proxies')).json()).proxies[0]?.report.enforced.default
    await until(async () => (await enforced(url)) === 'sha256:first')
    digest = 'sha256:second'
    changed()
    await until(async () => (await enforced(url)) === 'sha256:second')
    await stopController()
    digest = 'sha256:third'
    await until(() => warnings.length === 1)
    const again = await w.startController({ port: Number(url.port) })
    await until(async () => (await enforced(again.url)) === 'sha256:third')
    t.strictSame(warnings, ['state not reported'], 'said once, not every few seconds')
  },
)

t.test('entries that are wanted later are not deleted, sent or not', async t => {
  const w = await world(t)
  const controller = await w.startController()
  const journal = await open(t, join(w.root, 'journal'))
  await write(journal, 40)
  const first = segments(journal.folder)
  let wanted = 1
  const stop = new AbortController()
  const log = { warn: () => undefined }
  const keepFrom = () => wanted
  const link = w.link(controller.url)
  const seals = sealsOf(journal)
  const shipping = await shipJournal({
    journal,
    controller: link,
    seals,
    keepFrom,
    log,
    batchBytes: 4096,
  })
  const running = shipping.run(stop.signal)
  await until(() => shipping.shipped() === 40)
  t.strictSame(segments(journal.folder), first)
  wanted = 1000
  await write(journal, 1)
  await until(() => segments(journal.folder).length < first.length)
  stop.abort()
  await running
})
