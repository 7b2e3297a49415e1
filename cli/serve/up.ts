import process from 'node:process'
import type { Retention } from '../../controller/retention/retention.ts'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import type { DataFolder } from '../data-folder.ts'
import type { OutputFormat } from '../output-option.ts'
import { lineOnDisk } from '../problem-text.ts'
import type { Terminal } from '../terminal.ts'
import type { ChosenSource } from './default-source.ts'
import { chooseLog } from './log.ts'
import { type Serving, serveHere } from './serve-here.ts'
import type { Durability } from './serve-options.ts'
import { rootOfSource } from './server-folders.ts'
import { welcome } from './welcome.ts'

/** What the command line said. */
export interface UpSettings {
  readonly source: ChosenSource
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly proxyPort: number
  readonly controllerPort: number
  readonly publicUrl?: URL
  readonly prices?: PriceCatalogue
  readonly retention?: Retention
  readonly durability: Durability
  readonly chainKeyDays: number
  readonly secrets: readonly SecretsSetting[]
  readonly data: DataFolder
  readonly output: OutputFormat
}

/** Serves until a signal ends it, and says on the terminal what there is to know. */
export async function up(settings: UpSettings, terminal: Terminal): Promise<void> {
  const { err, env } = terminal
  const { source, data } = settings
  if (source.copied) err.line('There was no ./policies: the quickstart was copied into it.')
  if (!isLoopback(settings.host)) err.line(exposed)
  const stop = stopSignal(process)
  let isReady = false
  const root = await rootOf(source, stop)
  const log = chooseLog(settings.output, terminal, {
    isReady: () => isReady,
    lineOf: problem => (source.repository ? undefined : lineOnDisk(root, problem)),
  })
  stop.addEventListener('abort', () => terminal.progress('stopping'), { once: true })
  const tell = (serving: Serving) => {
    terminal.progress(null)
    isReady = true
    if (settings.output === 'json') terminal.out.line(readyLine(serving, data))
    else terminal.out.line(welcome(serving, settings, terminal.out))
  }
  const databaseUrl = env.WRIT_DATABASE_URL
  const here = { ...settings, source, root, databaseUrl, env, log }
  await serveHere(here, tell, stop)
}

/** Nothing of a repository is on this disk: folders of its servers are below where Writ was started. */
async function rootOf(source: ChosenSource, signal: AbortSignal): Promise<string> {
  return source.repository ? process.cwd() : rootOfSource(source.path, signal)
}

const exposed =
  'Other machines can reach this: keys and calls travel in the clear unless TLS is put in front.'

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function readyLine(
  { proxyUrl, controllerUrl, proxy, waiting, join }: Serving,
  { path, secrets }: DataFolder,
): string {
  const connecting = proxy.upstreams().filter(({ state }) => state === 'connecting')
  return JSON.stringify({
    ready: true,
    proxy: proxyUrl.origin,
    controller: controllerUrl.origin,
    key: secrets.agentKey,
    data: path,
    ...(join !== null && { join }),
    ...(waiting !== null && { waiting }),
    ...(connecting.length > 0 && { connecting: connecting.map(({ name }) => name) }),
  })
}
