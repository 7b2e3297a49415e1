import type { Facts } from '../../policy/decide/facts.ts'
import { type Reader, unread } from '../../policy/decide/unknown.ts'
import type { RecordFacts } from '../../schemas/record-facts.ts'
import type { Recorded } from './recorded.ts'
import { isMarked } from './shown-args.ts'

type Request = Facts['request']

/** How a call was made, as conditions see it; `reason` is null where there was one that is not known. */
export function recordedRequest(
  { entry, time }: Recorded,
  noted: RecordFacts | null,
  reason: string | null,
  reader: Reader,
): Request {
  const at = noted?.judgedAt ?? time
  const { kind, stream = false } = entry
  const known: Known = {
    get time() {
      return at ?? unread(reader, 'not_recorded')
    },
    get justification() {
      return reason ?? unread(reader, 'redacted')
    },
    stream,
  }
  if (noted !== null) return notedRequest(known, noted, reader)
  return kind === 'model' ? oldModelRequest(known, reader) : oldToolRequest(known, reader)
}

type Known = Pick<Request, 'time' | 'justification' | 'stream'>

function notedRequest(known: Known, noted: RecordFacts, reader: Reader): Request {
  const { protocol = '', maxTokens = 0, inputTokens = 0, toolsLeftOut, tools = [] } = noted
  return {
    get time() {
      return known.time
    },
    get justification() {
      return known.justification
    },
    ...{ protocol, stream: known.stream, maxTokens, inputTokens },
    get tools() {
      if (toolsLeftOut !== undefined) return unread(reader, 'not_recorded')
      return tools.some(isMarked) ? unread(reader, 'redacted') : tools
    },
  }
}

function oldToolRequest(known: Known, reader: Reader): Request {
  return {
    get time() {
      return known.time
    },
    get justification() {
      return known.justification
    },
    get protocol() {
      return unread(reader, 'not_recorded')
    },
    stream: false,
    maxTokens: 0,
    inputTokens: 0,
    tools: [],
  }
}

function oldModelRequest(known: Known, reader: Reader): Request {
  return {
    get time() {
      return known.time
    },
    justification: '',
    protocol: '',
    stream: known.stream,
    get maxTokens() {
      return unread(reader, 'not_recorded')
    },
    get inputTokens() {
      return unread(reader, 'not_recorded')
    },
    get tools() {
      return unread(reader, 'not_recorded')
    },
  }
}
