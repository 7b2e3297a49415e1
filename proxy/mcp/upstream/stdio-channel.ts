import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { ProxyFailure } from '../../failure.ts'
import type { Channel, ChannelEvents } from './channel-link.ts'
import { mostAnswerBytes } from './http-exchange.ts'

/** A program that speaks MCP on its standard streams. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  /** Told each line of standard error, cut to a bounded length. */
  readonly onStderr: (line: string) => void
}

const longestLogLine = 2048
const graceMs = 2000

/** Starts the program in a process group of its own; rejects with a ProxyFailure when it cannot be started. */
export function openStdio(program: Program, events: ChannelEvents): Promise<Channel> {
  const { command, args, env, cwd, onStderr } = program
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: inherited(env), cwd, detached: true })
    const onError = (cause: Error) =>
      reject(new ProxyFailure('upstream_unreachable', `${command} could not be started`, { cause }))
    child.once('error', onError)
    child.once('spawn', () => {
      child.off('error', onError)
      resolve(joined(child, events, onStderr))
    })
  })
}

/** PATH and HOME are all that a program gets of the proxy's own environment. */
function inherited(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, ...env }
}

function joined(
  child: ChildProcessWithoutNullStreams,
  events: ChannelEvents,
  onStderr: (line: string) => void,
): Channel {
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const end = (): Promise<void> => {
    endGroup(child)
    return closed
  }
  const overlong = () => {
    events.onClose(new ProxyFailure('upstream_too_large', 'the server sent a line without end'))
    void end()
  }
  child.on('error', () => void end())
  child.stdin.on('error', () => undefined)
  readLines(child.stdout, mostAnswerBytes, line => events.onText(line), overlong)
  readLines(child.stderr, longestLogLine, onStderr, () => undefined)
  child.once('close', code => {
    killGroup(child, 'SIGKILL')
    events.onClose(new ProxyFailure('upstream_lost', `the server ended with status ${code}`))
  })
  return { send: text => void child.stdin.write(`${text}\n`), close: end }
}

/** Standard input is closed first, which asks politely; the whole group is killed soon after. */
function endGroup(child: ChildProcessWithoutNullStreams): void {
  child.stdin.end()
  killGroup(child, 'SIGTERM')
  const last = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs)
  child.once('close', () => clearTimeout(last))
}

function killGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone already.
  }
}

/** A line that outgrows the limit is cut, and the rest of it skipped, once `onOverlong` has been told. */
function readLines(
  stream: NodeJS.ReadableStream,
  mostChars: number,
  onLine: (line: string) => void,
  onOverlong: () => void,
): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let skipping = false
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!skipping && line.trim() !== '') onLine(line.slice(0, mostChars))
      skipping = false
    }
    if (rest.length <= mostChars) return
    if (!skipping) onLine(rest.slice(0, mostChars))
    skipping = true
    rest = ''
    onOverlong()
  })
}
