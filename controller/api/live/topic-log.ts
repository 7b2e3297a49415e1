/** Something that those who follow a topic hear of. */
export interface LiveMessage {
  /** Where it happened; null when it concerns everybody. */
  readonly namespace: string | null
  /** About how much memory it holds, in bytes. */
  readonly weight: number
  /** Its members besides topic and position. */
  readonly content: () => Promise<object>
}

/** The newest messages of one topic, numbered from 1. */
export interface TopicLog {
  append(message: LiveMessage): void
  /** Number of the newest; 0 while there is none. */
  newest(): number
  /** Message by number as JSON text with the namespace it belongs to; null when it is forgotten. */
  at(number: number): Heard | null
  /** Calls the listener after every message; returns how to stop. */
  subscribe(listener: () => void): () => void
}

/** A message as it is sent: made when the first one wants it, and then kept. */
interface Heard {
  readonly namespace: string | null
  readonly text: () => Promise<string>
}

/** How much is remembered for those who come back. */
const most = { messages: 2000, bytes: 8 * 1024 * 1024 }

/** Positions are this text, a dot and a number; another process has another text, so that nobody goes on where it never was. */
export function topicLog(topic: string, stream: string, limits = most): TopicLog {
  const listeners = new Set<() => void>()
  let kept: (Heard & { readonly weight: number })[] = []
  let bytes = 0
  let newest = 0
  return {
    append({ namespace, weight, content }) {
      newest += 1
      bytes += weight
      const seq = positionOf(stream, newest)
      kept.push({ namespace, weight, text: once(async () => written(topic, seq, await content())) })
      let surplus = 0
      while (kept.length - surplus > limits.messages || bytes > limits.bytes) {
        bytes -= kept[surplus]?.weight ?? 0
        surplus += 1
      }
      if (surplus > 0) kept = kept.slice(surplus)
      for (const listener of listeners) listener()
    },
    newest: () => newest,
    at: number => kept[number - (newest - kept.length + 1)] ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** A position in a topic. */
export function positionOf(stream: string, number: number): string {
  return `${stream}.${number}`
}

/** The number of a position of this stream, or null. */
export function numberOf(stream: string, position: string): number | null {
  const [, name, number] = /^(\w+)\.(\d{1,15})$/.exec(position) ?? []
  return name === stream ? Number(number) : null
}

function written(topic: string, seq: string, content: object): string {
  return JSON.stringify({ topic, seq, ...content })
}

/** What went wrong once is tried again by the next one. */
function once(make: () => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined
  return () => {
    made ??= make().catch(error => {
      made = undefined
      throw error
    })
    return made
  }
}
