/** One server-sent event; `id` is the last one the server named. */
export interface ServerEvent {
  readonly type: string
  readonly data: string
  readonly id: string
}

/** No event of ours comes near this many characters. */
const mostCharacters = 65_536

/** Reads server-sent events (WHATWG HTML, 9.2) from UTF-8 bytes. Throws a RangeError when an event does not end. */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let event = { type: 'message', data: '', id: '' }
  for await (const line of lines(bytes)) {
    if (line !== '') event = withField(event, line)
    else {
      if (event.data !== '') yield { ...event, data: event.data.slice(0, -1) }
      event = { type: 'message', data: '', id: event.id }
    }
    if (event.data.length > mostCharacters) throw new RangeError('event too long')
  }
}

/** A carriage return at the very end may be half of a line end and waits for the next chunk. */
async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    const whole = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = whole.pop() ?? ''
    if (rest.length > mostCharacters) throw new RangeError('line too long')
    yield* whole
  }
}

function withField(event: ServerEvent, line: string): ServerEvent {
  const colon = line.indexOf(':')
  const field = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  switch (field) {
    case 'event':
      return { ...event, type: value }
    case 'data':
      return { ...event, data: `${event.data}${value}\n` }
    case 'id':
      return { ...event, id: value }
    default:
      return event
  }
}
