import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..')

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Surroundings {
  readonly input?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** The program; that of the checkout when omitted. */
  readonly main?: string
}

const checkout = join(root, 'cli/main.ts')

/** The environment of commands under test: that of the tests, without what would choose another controller. */
export function environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !(name.startsWith('WRIT_') || name === 'FORCE_COLOR' || name === 'NO_COLOR'),
  )
  const bin = join(root, 'node_modules/.bin')
  const path = [bin, process.env.PATH ?? ''].join(delimiter)
  return { ...Object.fromEntries(inherited), PATH: path, ...env }
}

/** Runs the real command to its end. */
export async function writ(args: readonly string[], where: Surroundings = {}): Promise<Ended> {
  const { input = '', cwd = root, env, main = checkout } = where
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: environment(env),
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = new Promise<number | null>(resolve => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, err }
}

/** A `writ` that serves. */
export interface ServingWrit {
  /** The ready line. */
  readonly ready: {
    readonly ready: boolean
    readonly proxy: string
    readonly controller: string
    readonly key: string
    readonly data: string
  }
  /** What it wrote to standard error so far. */
  readonly log: () => string
  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number | null>
  /** Ends it at once, as kill -9 does. */
  kill(): Promise<unknown>
}

/** Starts a command that serves, with -o json, and waits for its ready line. */
export async function serve(
  args: readonly string[],
  { cwd = root, env, main = checkout }: Surroundings,
  teardown: (end: () => unknown) => unknown,
): Promise<ServingWrit> {
  const command = [main, ...args, '-o', 'json']
  const child = spawn(process.execPath, command, { cwd, env: environment(env) })
  const closed = new Promise<number | null>(resolve => child.once('close', resolve))
  teardown(async () => {
    child.kill('SIGKILL')
    await closed
  })
  let log = ''
  child.stderr.on('data', chunk => {
    log += chunk
  })
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]) => String(first)),
    closed.then(code => {
      throw new Error(`writ ended with ${code} before it was ready: ${log}`)
    }),
    after(120_000, undefined, { ref: false }).then(() => {
      throw new Error(`writ is not ready after 120 s: ${log}`)
    }),
  ])
  return {
    ready: JSON.parse(line),
    log: () => log,
    stop() {
      child.kill('SIGTERM')
      return closed
    },
    kill() {
      child.kill('SIGKILL')
      return closed
    },
  }
}
