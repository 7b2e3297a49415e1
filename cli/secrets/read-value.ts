import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { CliFailure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

const mostBytes = 65_536

/** Input that is a keyboard can be told not to show what is typed. */
interface Keyboard extends Readable {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): void
}

/**
 * A secret from a person: typed without being shown when the input is a terminal, else all of standard input
 * without the line end behind it. Never from the command line, which others can read. Fails with `usage`.
 */
export async function readValue(terminal: Terminal, prompt: string): Promise<string> {
  const input: Keyboard = terminal.input
  const value =
    input.isTTY === true ? await typed(input, terminal, prompt) : withoutLineEnd(await all(input))
  if (value !== '') return value
  throw new CliFailure('usage', 'there is no value', 'type one, or give it on standard input')
}

async function all(input: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > mostBytes) throw new CliFailure('usage', `the value is over ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new CliFailure('usage', 'the value is not UTF-8', 'encode it, for example with base64')
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}

/** Control characters as terminals send them. */
const keys = { interrupt: '\u0003', erase: '\u007f', erases: '\b' } as const
const ends: ReadonlySet<string> = new Set(['\r', '\n', '\u0004'])

async function typed(input: Keyboard, { err }: Terminal, prompt: string): Promise<string> {
  err.stream.write(prompt)
  input.setRawMode?.(true)
  try {
    return await line(input)
  } finally {
    input.setRawMode?.(false)
    input.pause()
    err.stream.write('\n')
  }
}

async function line(input: Readable): Promise<string> {
  const decoder = new StringDecoder('utf8')
  const text: string[] = []
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    for (const character of decoder.write(Buffer.from(chunk))) {
      if (ends.has(character)) return text.join('')
      take(character, text)
    }
  }
  return text.join('')
}

function take(character: string, text: string[]): void {
  if (character === keys.interrupt) throw new CliFailure('usage', 'nothing was changed')
  if (character === keys.erase || character === keys.erases) text.pop()
  else text.push(character)
}
