import type { Readable } from 'node:stream'
import { simpleGit } from 'simple-git'
import { GitFailure } from './failure.ts'
import type { GitHome } from './git-home.ts'

/** What is asked of git besides its arguments. */
export interface GitCall {
  readonly signal: AbortSignal
  readonly input?: string
  /** More variables of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** More settings. */
  readonly config?: readonly (readonly [name: string, value: string])[]
  /** Schemes over which it may reach out; none when omitted. */
  readonly protocols?: readonly string[]
  /** Bytes it may answer; 4 MiB when omitted. */
  readonly mostBytes?: number
  /** Time it may take; 20 s when omitted. */
  readonly timeoutMs?: number
}

/**
 * Runs git on one repository and gives what it wrote. Nothing of the machine's or the user's configuration
 * is read, no hook runs, nothing is asked on a terminal, and the kernel bounds what it may take. Fails with
 * a GitFailure; rejects with the reason of the signal when aborted.
 */
export type Git = (args: readonly string[], call: GitCall) => Promise<Buffer>

/** What git writes about a failure; a server can make it write without end. */
const mostSaid = 64 * 1024

/** Git for the repository in a folder. */
export function gitIn(folder: string, home: GitHome): Git {
  return async (args, call) => {
    const { signal, timeoutMs = 20_000, mostBytes = 4 * 1024 * 1024 } = call
    signal.throwIfAborted()
    const stop = new AbortController()
    const end = (code: 'timeout' | 'output_too_large') => () =>
      stop.abort(new GitFailure(code, `git ${args[0]} passed its bounds`))
    const timer = setTimeout(end('timeout'), timeoutMs)
    const out = kept(mostBytes, end('output_too_large'))
    const err = kept(mostSaid, end('output_too_large'))
    const run = instance(folder, home, call, AbortSignal.any([signal, stop.signal]))
    run.outputHandler((_, stdout, stderr) => {
      out.read(stdout)
      err.read(stderr)
    })
    try {
      await run.raw([...args])
      return out.bytes()
    } catch (error) {
      signal.throwIfAborted()
      stop.signal.throwIfAborted()
      throw failureOf(args[0] ?? '', error, err.bytes().toString('utf8'))
    } finally {
      clearTimeout(timer)
    }
  }
}

function kept(most: number, onMore: () => void) {
  const chunks: Buffer[] = []
  let room = most
  return {
    read(stream: Readable | NodeJS.ReadableStream) {
      stream.on('data', (chunk: Buffer) => {
        room -= chunk.length
        if (room < 0) onMore()
        else chunks.push(chunk)
      })
    },
    bytes: () => Buffer.concat(chunks),
  }
}

function instance(folder: string, home: GitHome, call: GitCall, abort: AbortSignal) {
  const environment = environmentOf(home, call)
  const { input } = call
  return simpleGit({
    baseDir: folder,
    binary: ['/bin/sh', home.bounded],
    abort,
    ...(input !== undefined && { input: () => input }),
    // Whoever still holds the output after git is gone is not waited for.
    completion: { onClose: true, onExit: 100 },
    errors: (error, { exitCode }) => error ?? (exitCode === 0 ? undefined : new Error('failed')),
    allowEnvironment: Object.keys(environment).filter(name => name.startsWith('GIT_')),
    unsafe: {
      allowUnsafeCustomBinary: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeSshCommand: true,
    },
  }).env(environment)
}

/** How to reach the world through this network; nothing else of the environment is passed on. */
const passedOn = [
  'PATH',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

function environmentOf({ folder, config }: GitHome, call: GitCall): Record<string, string> {
  const { protocols = [], config: settings = [], env = {} } = call
  const given = passedOn.flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const numbered = settings.flatMap(([name, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, name] as const,
    [`GIT_CONFIG_VALUE_${i}`, value] as const,
  ])
  return {
    ...Object.fromEntries([...given, ...numbered]),
    GIT_CONFIG_COUNT: String(settings.length),
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: protocols.join(':'),
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_CEILING_DIRECTORIES: '/',
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    GNUPGHOME: folder,
    LC_ALL: 'C',
    ...env,
  }
}

function failureOf(command: string, error: unknown, said: string): GitFailure {
  if (/git: not found/.test(said) || Object(error).code === 'ENOENT') {
    return new GitFailure('git_missing', 'git is not installed here', said)
  }
  return new GitFailure('git_failed', `git ${command} failed`, said)
}
