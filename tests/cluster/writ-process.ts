import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

/** Tokens of controllers in tests. */
export const tokens = { admin: 'the-token-of-people', proxy: 'the-token-of-proxies' }

/** A process of Writ that has said that it is ready. */
export interface WritProcess {
  /** Where it answers. */
  readonly url: URL
  readonly pid: number
  /** What it said on its standard error, line by line. */
  readonly log: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Settles when it is gone; `kill` gives it no time. */
  stop(how?: 'kill'): Promise<void>
}

/** A process of Writ that may not be ready yet. */
export interface LaunchedProcess {
  readonly ready: Promise<WritProcess>
  stop(how?: 'kill'): Promise<void>
}

/** How a process is started besides its command. */
export interface WritProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Data folder; one of its own when omitted. */
  readonly data?: string
  readonly args?: readonly string[]
}

const main = join(import.meta.dirname, '../../cli/main.ts')

/** Runs `writ controller --kubernetes`; it is reached with `tokens`. */
export function startController(
  t: Test,
  kubeconfig: string,
  options?: WritProcessOptions,
): Promise<WritProcess> {
  return launchController(t, kubeconfig, options).ready
}

/** The same, without waiting. */
export function launchController(
  t: Test,
  kubeconfig: string,
  { env = {}, args = [], data = dataFolder(t) }: WritProcessOptions = {},
): LaunchedProcess {
  const said = ['--kubernetes', '--kubeconfig', kubeconfig, '--port', '0', '--data', data, ...args]
  const secrets = { WRIT_ADMIN_TOKEN: tokens.admin, WRIT_PROXY_TOKEN: tokens.proxy }
  return launched(t, ['controller', ...said], { ...secrets, ...env }, 'controller')
}

/** Runs `writ proxy` of a controller, by the token of the installation. */
export async function startProxy(
  t: Test,
  controller: URL,
  { env = {}, args = [], data = dataFolder(t) }: WritProcessOptions = {},
): Promise<WritProcess> {
  const said = ['--controller', controller.href, '--port', '0', '--data', data, ...args]
  return launched(t, ['proxy', ...said], { WRIT_PROXY_TOKEN: tokens.proxy, ...env }, 'proxy').ready
}

/** A folder that is removed with the test. */
export function dataFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-data-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Runs a command of Writ until it says that it is ready. */
export function started(...started: Parameters<typeof launched>): Promise<WritProcess> {
  return launched(...started).ready
}

/** The same, without waiting. */
export function launched(
  t: Test,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  member: 'controller' | 'proxy',
): LaunchedProcess {
  const child = spawn(process.execPath, [main, ...args, '--output', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  const ended = once(child, 'exit')
  const stop = async (how?: 'kill') => {
    if (hasEnded(child)) return
    child.kill('SIGCONT')
    child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
    await ended
  }
  t.teardown(() => stop('kill'))
  const log: string[] = []
  createInterface(child.stderr).on('line', line => log.push(line))
  const first = once(createInterface(child.stdout), 'line')
  const ready = Promise.race([first, ended.then(() => null)]).then(line => {
    if (line === null) throw new Error(`writ ${args[0]} ended:\n${log.join('\n')}`)
    const url = new URL(JSON.parse(String(line[0]))[member])
    const signal = (name: NodeJS.Signals) => void child.kill(name)
    return { url, pid: child.pid ?? 0, log, stop, signal }
  })
  ready.catch(() => undefined)
  return { ready, stop }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
