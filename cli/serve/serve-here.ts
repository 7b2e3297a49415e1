import { join } from 'node:path'
import type { Logger } from 'pino'
import { createController } from '../../controller/controller.ts'
import type { Retention } from '../../controller/retention/retention.ts'
import { lockFolder } from '../../lifecycle/folder-lock.ts'
import { run, type Service } from '../../lifecycle/run.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import { type OpenSecrets, openSecrets } from '../../secrets/open-secrets.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { controllerClient } from '../controller-client.ts'
import { type DataFolder, writeAddress } from '../data-folder.ts'
import { CliFailure } from '../failure.ts'
import { version } from '../version.ts'
import { announce } from './announce.ts'
import { consoleFolder } from './console-folder.ts'
import type { ChosenSource } from './default-source.ts'
import { firstLink } from './first-link.ts'
import { type JoinedProxy, joinProxy } from './join-proxy.ts'
import { localUrl } from './local-url.ts'
import { localUser, ownFiles } from './own-files.ts'
import { untilReady } from './ready.ts'
import { serveFailure } from './serve-failure.ts'
import type { Durability } from './serve-options.ts'
import { type TelemetryHere, telemetryHere } from './telemetry-here.ts'

/** What `writ up` was told. */
export interface HereSettings {
  readonly source: ChosenSource
  /** Where the paths of its files begin. */
  readonly root: string
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly proxyPort: number
  readonly controllerPort: number
  readonly publicUrl?: URL
  readonly prices?: PriceCatalogue
  readonly retention?: Retention
  readonly durability: Durability
  readonly chainKeyDays: number
  readonly databaseUrl: string | undefined
  readonly secrets: readonly SecretsSetting[]
  readonly data: DataFolder
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
}

/** What serves, as programs on this machine reach it. */
export interface Serving {
  readonly controllerUrl: URL
  readonly proxyUrl: URL
  readonly proxy: JoinedProxy
  /** Why what is written is not known to be in force; null when it is, or is broken and the log says so. */
  readonly waiting: string | null
  /** Where the first account of the console is made; null when there is one. */
  readonly join: string | null
}

/**
 * Runs controller and proxy in this process, joined over loopback HTTP, until the signal aborts.
 * `onReady` is called once, when what is written is in force or known to be broken, or when that takes
 * too long. Fails with
 * `data_in_use`, `data_unusable` or `port_in_use`.
 */
export async function serveHere(
  settings: HereSettings,
  onReady: (serving: Serving) => void,
  signal: AbortSignal,
): Promise<void> {
  const { path } = settings.data
  const lock = lockFolder(path)
  if ('heldBy' in lock) {
    throw new CliFailure(
      'data_in_use',
      `the data folder ${path} is in use by process ${lock.heldBy}`,
      'stop that one, or choose another folder with --data',
    )
  }
  try {
    const { env, log } = settings
    const needs = { dataFolder: path, env, now: Date.now, log }
    const secrets = await openSecrets(settings.secrets, needs)
    const telemetry = await telemetryHere('writ', { env, log })
    const controller = await controllerOf(settings, { secrets, telemetry })
    const proxy = proxyOf(settings, { secrets, telemetry }, controller.listening, onReady)
    await run([controller, proxy, ...secrets.services], signal)
      .finally(telemetry.close)
      .finally(secrets.close)
  } catch (error) {
    throw serveFailure(error, '--proxy-port or --controller-port')
  } finally {
    lock.release()
  }
}

async function controllerOf(settings: HereSettings, { secrets, telemetry }: Opened) {
  const { host, allowedHosts, controllerPort, data, source, databaseUrl, publicUrl, log } = settings
  return createController({
    host,
    port: controllerPort,
    allowedHosts,
    dataFolder: join(data.path, 'controller'),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(source.repository ? { repository: source.repository } : { source: source.path }),
    secrets: secrets.look,
    ...(publicUrl !== undefined && { publicUrl }),
    ...(settings.prices !== undefined && { prices: settings.prices }),
    ...(settings.retention !== undefined && { retention: settings.retention }),
    ownFiles: await ownFiles(data),
    tokens: { admin: data.secrets.adminToken, proxy: data.secrets.proxyToken },
    operator: localUser,
    consoleFolder,
    version,
    addMetrics: telemetry.addMetrics,
    log,
  })
}

interface Opened {
  readonly secrets: OpenSecrets
  readonly telemetry: TelemetryHere
}

function proxyOf(
  settings: HereSettings,
  { secrets, telemetry }: Opened,
  controllerListening: Promise<URL>,
  onReady: (serving: Serving) => void,
): Service {
  const { host, allowedHosts, proxyPort, data, log } = settings
  return {
    name: 'proxy',
    async run(signal) {
      const controllerUrl = localUrl(await controllerListening)
      const { adminToken, proxyToken } = data.secrets
      await writeAddress(data, { url: controllerUrl.href, token: adminToken })
      const proxy = await joinProxy({
        host,
        allowedHosts,
        port: proxyPort,
        durability: settings.durability,
        chainKeyDays: settings.chainKeyDays,
        folder: join(data.path, 'proxy'),
        controllerUrl: controllerUrl.href,
        controllerToken: proxyToken,
        root: settings.root,
        secrets: secrets.look,
        telemetry,
        log,
      })
      const client = controllerClient({ url: controllerUrl.href, token: adminToken })
      const tell = announce(async stopping => {
        const proxyUrl = localUrl(await proxy.listening)
        const waiting = await untilReady(proxy, client, stopping)
        const join = await firstLink(client, controllerUrl)
        onReady({ controllerUrl, proxyUrl, proxy, waiting, join })
      })
      try {
        await run([...proxy.services, tell], signal)
      } finally {
        await proxy.close()
      }
    },
  }
}
