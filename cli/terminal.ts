import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** The styles in use; they say nothing that the words do not say as well. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

/** One of the two streams a command writes to. */
export interface Sink {
  readonly stream: Writable
  readonly isTerminal: boolean
  /** Writes one line, or several; the line end is added. */
  line(text?: string): void
  /** The text with colour, on terminals that want colour; otherwise as it is. */
  paint(style: Style, text: string): string
}

/** 0: fine; 1: there are findings; 2: the command could not do its work. */
export type ExitCode = 0 | 1 | 2

/** Everything outside that a command may touch. */
export interface Terminal {
  /** What the command was asked for; programs read it. */
  readonly out: Sink
  /** What people want to know meanwhile. */
  readonly err: Sink
  readonly input: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  /** Shows what is going on, on terminals only, until the next call; null clears it. */
  progress(text: string | null): void
  /** Says how the command ended. */
  end(code: ExitCode): void
}

/** A sink on a stream. NO_COLOR wins over FORCE_COLOR, and FORCE_COLOR over what the stream is. */
export function sink(stream: Writable & { readonly isTTY?: boolean }, env: Terminal['env']): Sink {
  const plain = (env.NO_COLOR ?? '') !== ''
  return {
    stream,
    isTerminal: stream.isTTY === true,
    line: (text = '') => void stream.write(`${text}\n`),
    paint: (style, text) => (plain ? text : styleText(style, text, { stream })),
  }
}

/** Erases the line that the cursor is on and returns to its beginning (ECMA-48: EL, CR). */
const erase = '\r\u001b[2K'

/** A line that is shown while something is going on, and erased; nothing on anything but a terminal. */
export function progressLine(err: Sink): Terminal['progress'] {
  let shown = false
  return text => {
    if (!err.isTerminal) return
    if (shown) err.stream.write(erase)
    shown = text !== null
    if (text !== null) err.stream.write(err.paint('dim', text))
  }
}

/** Text of others, made harmless for a terminal: control characters become visible escapes. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
}
