const lineFeeds = Buffer.from('\n\n')
const returns = Buffer.from('\r\n\r\n')
const carriageReturn = 0x0d
const nothing = Buffer.alloc(0)
/** No chunk that only tells the usage is longer. */
const longestHeld = 16 * 1024

/**
 * Takes the chunk that only tells the usage out of a chat completions stream, for clients that did not ask for it. Every
 * event is passed on as soon as it is complete; the beginning of one is of no use to a client, and is kept only while it
 * may be the chunk that is taken out.
 */
export class UsageChunkFilter {
  #held: Buffer = nothing

  /** What is to be passed on now; may be empty. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const kept: Buffer[] = []
    let from = 0
    for (let end = endOfEvent(bytes, 0); end !== -1; end = endOfEvent(bytes, from)) {
      const event = bytes.subarray(from, end)
      if (!isUsageChunk(event)) kept.push(event)
      from = end
    }
    const rest = bytes.subarray(from)
    this.#held = mayBeUsage(rest) ? rest : nothing
    const passed = this.#held.length > 0 ? nothing : rest
    // Mostly nothing is taken out or kept, and then nothing is copied.
    if (kept.length === 0) return passed
    const all = kept.reduce((sum, { length }) => sum + length, 0)
    if (all === from) return bytes.subarray(0, from + passed.length)
    return Buffer.concat([...kept, passed])
  }

  /** What is left when the stream has ended. */
  end(): Buffer {
    const rest = this.#held
    this.#held = nothing
    return isUsageChunk(rest) ? nothing : rest
  }
}

/** The index after the blank line that ends an event; -1 when there is none. */
function endOfEvent(bytes: Buffer, from: number): number {
  const plain = bytes.indexOf(lineFeeds, from)
  const long = bytes.indexOf(carriageReturn, from) === -1 ? -1 : bytes.indexOf(returns, from)
  if (plain !== -1 && (long === -1 || plain < long)) return plain + lineFeeds.length
  return long === -1 ? -1 : long + returns.length
}

function mayBeUsage(start: Buffer): boolean {
  if (start.length === 0 || start.length > longestHeld) return false
  return !/"choices"\s*:\s*\[\s*[^\]\s]/.test(start.toString('latin1'))
}

function isUsageChunk(event: Buffer): boolean {
  if (event.length > longestHeld || event.indexOf('"usage"') === -1) return false
  const text = event.toString('utf8')
  if (!/"choices"\s*:\s*\[\s*\]/.test(text)) return false
  const { choices, usage } = chunkIn(text)
  return (
    Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null
  )
}

function chunkIn(event: string): { readonly choices?: unknown; readonly usage?: unknown } {
  const data = event
    .split(/\r?\n/)
    .filter(line => line.startsWith('data:'))
    .map(line => line.slice('data:'.length))
  try {
    return Object(JSON.parse(data.join('\n')))
  } catch {
    return {}
  }
}
