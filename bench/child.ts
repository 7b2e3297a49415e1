import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What a measured process tells its parent. */
interface Usage {
  readonly cpuMicros: number
  readonly rssBytes: number
}

/** A process of its own that serves at `url` and can be asked what it used. */
export interface Measured extends AsyncDisposable {
  readonly url: string
  usage(): Promise<Usage>
}

/** Starts a module that calls `serve` and waits until it listens. */
export async function start(module: string, args: readonly string[]): Promise<Measured> {
  const child = fork(new URL(module, import.meta.url), args, { stdio: 'inherit' })
  const url = (await next(child)) as string
  return {
    url,
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
    process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() })
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.(url)
}
