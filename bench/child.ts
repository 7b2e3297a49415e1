import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** What a measured process tells its parent. */
interface Usage {
  readonly cpuMicros: number
  readonly rssBytes: number
  /** What is its own of them: the rest are files in memory that processes share, Node itself above all. */
  readonly ownBytes: number
}

/** A process of its own that serves at `url` and can be asked what it used. */
export interface Measured extends AsyncDisposable {
  readonly url: string
  usage(): Promise<Usage>
}

/** How Node is started: with more in its environment, and with words of its command line. */
export interface Start {
  readonly env?: NodeJS.ProcessEnv
  readonly execArgv?: readonly string[]
}

/** Starts a module that calls `serve`, and waits until it listens. */
export async function start(
  module: string | URL,
  args: readonly string[],
  { env = {}, execArgv = [] }: Start = {},
): Promise<Measured> {
  const url = new URL(module, import.meta.url)
  const child = fork(url, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
  })
  const address = (await next(child)) as string
  return {
    url: address,
    async usage() {
      child.send('usage')
      return (await next(child)) as Usage
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function next(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a measured process ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    settled.abort()
  }
}

/** Called by the child once it listens. */
export function serve(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const rssBytes = process.memoryUsage.rss()
    process.send?.({ cpuMicros: user + system, rssBytes, ownBytes: ownBytes() })
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.(url)
}

/** Linux tells it. */
function ownBytes(): number {
  const [, kilobytes] =
    /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
