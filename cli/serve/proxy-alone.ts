import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { run } from '../../lifecycle/run.ts'
import { stopSignal } from '../../lifecycle/stop-signal.ts'
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

/** What `writ proxy` was told. */
export interface ProxyAloneSettings {
  readonly host: string
  readonly allowedHosts: readonly string[]
  readonly port: number
  readonly durability: Durability
  readonly data: string
  readonly controller: string
  readonly token: string
  readonly controllerKey?: string
  readonly secrets: readonly SecretsSetting[]
  readonly output: OutputFormat
}

/** Runs a proxy until a signal ends it, and says where it answers. */
export async function proxyAlone(settings: ProxyAloneSettings, terminal: Terminal): Promise<void> {
  const { controller, controllerKey, token, output } = settings
  if (!URL.canParse(controller)) {
    throw new CliFailure('usage', `${controller} is no URL`, 'write it like http://127.0.0.1:7400')
  }
  const folder = resolve(settings.data)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const log = chooseLog(output, terminal)
    const needs = { dataFolder: folder, env: terminal.env, now: Date.now, log }
    const secrets = await openSecrets(settings.secrets, needs)
    const proxy = await joinProxy({
      host: settings.host,
      allowedHosts: settings.allowedHosts,
      port: settings.port,
      durability: settings.durability,
      folder,
      controllerUrl: controller,
      controllerToken: token,
      ...(controllerKey !== undefined && { controllerKey }),
      root: process.cwd(),
      secrets: secrets.look,
      log,
    })
    const tell = announce(async () => {
      const url = localUrl(await proxy.listening)
      const ready = { ready: true, proxy: url.origin, data: folder }
      terminal.out.line(output === 'json' ? JSON.stringify(ready) : `proxy at ${url.origin}/mcp/v1`)
    })
    await run([...proxy.services, ...secrets.services, tell], stopSignal(process))
      .finally(proxy.close)
      .finally(secrets.close)
  } catch (error) {
    throw serveFailure(error, '--port')
  }
}
