import { join } from 'node:path'
import process from 'node:process'
import { type ControllerOptions, createController } from '../../controller/controller.ts'
import type { Retention } from '../../controller/retention/retention.ts'
import { run } from '../../lifecycle/run.ts'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import { openSecrets } from '../../secrets/open-secrets.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { type DataFolder, writeAddress } from '../data-folder.ts'
import { CliFailure } from '../failure.ts'
import type { OutputFormat } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { version } from '../version.ts'
import { announce } from './announce.ts'
import { consoleFolder } from './console-folder.ts'
import { localUrl } from './local-url.ts'
import { chooseLog } from './log.ts'
import { serveFailure } from './serve-failure.ts'
import { readSigningKey } from './signing-key-file.ts'
import { telemetryHere } from './telemetry-here.ts'

/** Where policies come from: a folder or file, a repository, or an API server. */
export type ControllerSource = Pick<ControllerOptions, 'source' | 'repository' | 'kubernetes'>

/** What `writ controller` was told. */
export interface ControllerSettings {
  readonly source: ControllerSource
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly port: number
  readonly publicUrl?: URL
  readonly prices?: PriceCatalogue
  readonly data: DataFolder
  readonly databaseUrl?: string
  /** File of the key that signs tables; the one in the data folder when omitted. */
  readonly signingKey?: string
  /** For how long records are kept; for ever when omitted. */
  readonly retention?: Retention
  /** How checkpoints of records are made and published. */
  readonly checkpoints: NonNullable<ControllerOptions['checkpoints']>
  readonly secrets: readonly SecretsSetting[]
  readonly output: OutputFormat
}

/** Runs a controller until a signal ends it, and says where it answers. */
export async function controllerAlone(
  settings: ControllerSettings,
  terminal: Terminal,
): Promise<void> {
  const { data, output, databaseUrl, publicUrl } = settings
  const tokens = tokensOf(settings, terminal)
  const signingKey = await readSigningKey(settings.signingKey)
  const log = chooseLog(output, terminal)
  const { kubeconfig } = settings.source.kubernetes ?? {}
  const needs = {
    ...{ dataFolder: data.path, env: terminal.env, now: Date.now, log },
    ...(kubeconfig !== undefined && { kubeconfig }),
  }
  const secrets = await openSecrets(settings.secrets, needs).catch(error => {
    throw serveFailure(error, '--port')
  })
  const telemetry = await telemetryHere('writ-controller', { env: terminal.env, log }).catch(
    error => {
      throw serveFailure(error, '--port')
    },
  )
  const controller = createController({
    host: settings.host,
    port: settings.port,
    allowedHosts: settings.allowedHosts,
    dataFolder: join(data.path, 'controller'),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(signingKey !== undefined && { signingKey }),
    ...{ ...settings.source, checkpoints: settings.checkpoints },
    secrets: secrets.look,
    ...(publicUrl !== undefined && { publicUrl }),
    ...pickedOf(settings),
    tokens,
    consoleFolder,
    version,
    addMetrics: telemetry.addMetrics,
    log,
  })
  const tell = announce(async () => {
    const url = localUrl(await controller.listening)
    await writeAddress(data, { url: url.href, token: tokens.admin })
    const ready = { ready: true, controller: url.origin, data: data.path }
    terminal.out.line(output === 'json' ? JSON.stringify(ready) : `controller at ${url.origin}`)
  })
  await run([controller, ...secrets.services, tell], stopSignal(process))
    .catch(error => {
      throw serveFailure(error, '--port')
    })
    .finally(telemetry.close)
    .finally(secrets.close)
}

/** What is passed on as it was said, if it was. */
function pickedOf({ prices, retention }: ControllerSettings) {
  return { ...(prices !== undefined && { prices }), ...(retention !== undefined && { retention }) }
}

function tokensOf({ data }: ControllerSettings, { env }: Terminal) {
  const { WRIT_ADMIN_TOKEN: admin, WRIT_PROXY_TOKEN: proxy } = env
  const tokens = {
    admin: admin ?? data.secrets.adminToken,
    proxy: proxy ?? data.secrets.proxyToken,
  }
  if (Object.values(tokens).every(token => token.length >= 16) && tokens.admin !== tokens.proxy) {
    return tokens
  }
  throw new CliFailure(
    'usage',
    'WRIT_ADMIN_TOKEN and WRIT_PROXY_TOKEN must differ and have at least 16 characters each',
  )
}
