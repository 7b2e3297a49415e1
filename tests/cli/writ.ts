import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

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
}

/** The environment of commands under test: that of the tests, without what would choose another controller. */
export function environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !(name.startsWith('WRIT_') || name === 'FORCE_COLOR' || name === 'NO_COLOR'),
  )
  return { ...Object.fromEntries(inherited), ...env }
}

/** Runs the real command to its end. */
export async function writ(args: readonly string[], where: Surroundings = {}): Promise<Ended> {
  const { input = '', cwd = root, env } = where
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...args], {
    cwd,
    env: environment(env),
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = new Promise<number | null>(resolve => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, err }
}
