import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { run } from '../../lifecycle/run.ts'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
import {
  type ControllerToken,
  namespaceIn,
  tokenFile,
} from '../../proxy/follow/controller-token.ts'
import { openSecrets } from '../../secrets/open-secrets.ts'
import type { SecretsSetting } from '../../secrets/secrets-setting.ts'
import { CliFailure } from '../failure.ts'
import type { OutputFormat } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { announce } from './announce.ts'
import { joinProxy } from './join-proxy.ts'
import { localUrl } from './local-url.ts'
import { chooseLog } from './log.ts'
import { serveFailure } from './serve-failure.ts'
import type { Durability } from './serve-options.ts'
import { telemetryHere } from './telemetry-here.ts'

/** What `writ proxy` was told. */
export interface ProxyAloneSettings {
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly port: number
  readonly probePort?: number
  readonly durability: Durability
  readonly chainKeyDays: number
  readonly data: string
  readonly controller: string
  readonly token?: string
  readonly tokenFile?: string
  readonly agent?: string
  readonly haltWhenAlone?: number
  readonly controllerKey?: string
  readonly secrets: readonly SecretsSetting[]
  readonly output: OutputFormat
}

/** Runs a proxy until a signal ends it, and says where it answers. */
export async function proxyAlone(settings: ProxyAloneSettings, terminal: Terminal): Promise<void> {
  const { controller, controllerKey, agent, probePort, output, haltWhenAlone } = settings
  if (!URL.canParse(controller)) {
    throw new CliFailure('usage', `${controller} is no URL`, 'write it like http://127.0.0.1:7400')
  }
  const folder = resolve(settings.data)
  const token = tokenOf(settings)
  expectOwnSecrets(settings.secrets)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const log = chooseLog(output, terminal)
    const needs = { dataFolder: folder, env: terminal.env, now: Date.now, log }
    const secrets = await openSecrets(settings.secrets, needs)
    const telemetry = await telemetryHere('writ-proxy', { env: terminal.env, log })
    const proxy = await joinProxy({
      host: settings.host,
      allowedHosts: settings.allowedHosts,
      port: settings.port,
      ...(probePort !== undefined && { probePort }),
      durability: settings.durability,
      chainKeyDays: settings.chainKeyDays,
      folder,
      controllerUrl: controller,
      ...(await shownBy(token)),
      ...(agent !== undefined && { agent }),
      ...(controllerKey !== undefined && { controllerKey }),
      ...(haltWhenAlone !== undefined && { haltWhenAloneMs: haltWhenAlone }),
      root: process.cwd(),
      secrets: secrets.look,
      telemetry,
      log,
    })
    const tell = announce(async () => {
      const url = localUrl(await proxy.listening)
      const ready = { ready: true, proxy: url.origin, data: folder }
      terminal.out.line(output === 'json' ? JSON.stringify(ready) : `proxy at ${url.origin}/mcp/v1`)
    })
    await run([...proxy.services, ...secrets.services, tell], stopSignal(process))
      .finally(proxy.close)
      .finally(telemetry.close)
      .finally(secrets.close)
  } catch (error) {
    throw serveFailure(error, '--port')
  }
}

/** Exactly one of the two ways in which a proxy has a token. */
function tokenOf({ token, tokenFile: file, agent }: ProxyAloneSettings): string | ControllerToken {
  if (token && file) {
    throw new CliFailure('usage', 'a proxy has one token', 'say --token or --token-file, not both')
  }
  if (file) return tokenFile(resolve(file))
  if (!token) {
    throw new CliFailure('usage', 'a proxy needs a token', 'say --token, or --token-file in a pod')
  }
  if (agent === undefined) return token
  const remedy = 'say --token-file too, or give the agent a key'
  throw new CliFailure('usage', '--agent needs the token of a pod', remedy)
}

/** The token, and the namespace that it names as long as it can be read. */
async function shownBy(token: string | ControllerToken) {
  const text = typeof token === 'string' ? token : await token().catch(() => '')
  const namespace = namespaceIn(text)
  return { controllerToken: token, ...(namespace !== null && { namespace }) }
}

/** Whoever runs in the pod of a proxy runs as the same service account: what it may read, the agent may. */
function expectOwnSecrets(settings: readonly SecretsSetting[]): void {
  if (settings.every(({ kind }) => kind !== 'kubernetes')) return
  throw new CliFailure(
    'usage',
    'a proxy does not read Secrets through the Kubernetes API',
    'mount them into the container of the proxy and say --secrets file:FOLDER, or use a vault',
  )
}
