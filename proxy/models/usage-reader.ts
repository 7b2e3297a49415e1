import { createParser, type EventSourceParser } from 'eventsource-parser'
import type { Usage, UsageSource } from '../../schemas/usage.ts'
import { usageIn } from './reported-usage.ts'

/** What a call used, and who says so. */
export interface Used {
  readonly usage: Usage
  readonly source: UsageSource
}

/** Text that a model writes has at least about this many bytes a token. */
const bytesPerToken = 3
const mostBuffered = 8 * 1024 * 1024

/** Reads the usage out of a copy of an answer, without which nothing waits. */
export class UsageReader {
  #parser: EventSourceParser | null = null
  #reported: Usage | null = null
  /** Whether more than the start of an answer was reported. */
  #final = false
  #deltas = 0
  #deltaBytes = 0

  /** Takes a piece of an event stream. */
  push(chunk: Buffer): void {
    // Bytes as characters: a character that is cut in two between chunks does no harm where only numbers are read.
    this.#parser ??= createParser({
      onEvent: ({ data }) => this.#event(data),
      onError: () => undefined,
      maxBufferSize: mostBuffered,
    })
    this.#parser.feed(chunk.toString('latin1'))
  }

  /** Takes a whole answer that is no stream. */
  whole(bytes: Buffer): void {
    this.#reported = usageIn(parsed(bytes.toString('utf8')))
    this.#final = this.#reported !== null
    this.#deltaBytes = bytes.length
  }

  /** Takes the end of an answer that is no stream and too long to be looked at; there the usage mostly stands. */
  tail(bytes: Buffer, whole: number): void {
    const text = bytes.toString('utf8')
    const at = text.lastIndexOf('"usage"')
    const end = text.indexOf('}', at)
    if (at !== -1 && end !== -1) this.#reported = usageIn(parsed(`{${text.slice(at, end + 1)}}`))
    this.#final = this.#reported !== null
    this.#deltaBytes = whole
  }

  /** What was used, `inputTokens` being what went in by estimate; `complete` when the answer came to its own end. */
  used(inputTokens: number, complete: boolean): Used {
    const reported = this.#reported
    if (complete && this.#final && reported?.outputTokens !== undefined) {
      return { usage: reported, source: 'provider' }
    }
    const delivered = Math.max(this.#deltas, Math.ceil(this.#deltaBytes / bytesPerToken))
    const usage = {
      ...reported,
      inputTokens: reported?.inputTokens ?? inputTokens,
      outputTokens: Math.max(reported?.outputTokens ?? 0, delivered),
    }
    return { usage, source: complete ? 'estimated' : 'partial' }
  }

  #event(data: string): void {
    if (reports.test(data)) {
      const usage = usageIn(parsed(data))
      if (usage !== null) {
        this.#reported = together(this.#reported ?? {}, usage)
        this.#final ||= !/"type"\s*:\s*"message_start"/.test(data)
      }
    }
    const length = deltaLength(data)
    if (length === 0) return
    this.#deltas++
    this.#deltaBytes += length
  }
}

/** Counts grow while an answer does, and some events leave out what others have said. */
function together(a: Usage, b: Usage): Usage {
  const counts: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) counts[name] = Math.max(counts[name] ?? 0, count)
  return counts
}

/** In text that is JSON, a quote inside of a string would have a backslash before it. */
const reports = /"usage"\s*:\s*\{/

const deltaNames = [
  '"content":"',
  '"text":"',
  '"arguments":"',
  '"partial_json":"',
  '"thinking":"',
  '"reasoning_content":"',
  '"delta":"',
]

/** Bytes that an event adds to the answer. */
function deltaLength(data: string): number {
  if (!data.includes('"delta"')) return 0
  let length = 0
  for (const name of deltaNames) {
    const at = data.indexOf(name)
    if (at === -1) continue
    const start = at + name.length
    let end = data.indexOf('"', start)
    while (end !== -1 && data[end - 1] === '\\') end = data.indexOf('"', end + 1)
    if (end > start) length += end - start
  }
  return length
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
