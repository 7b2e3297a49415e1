/** A message of a topic. */
export interface LiveMessage {
  readonly topic: string
  readonly seq: string
  readonly type: string
  readonly [member: string]: unknown
}

/** Whether what is shown is as it is now. */
export type LiveState = 'connecting' | 'live' | 'lost'

interface LiveListener {
  /** Something happened. */
  message(message: LiveMessage): void
  /** Something was missed: read anew. */
  resync(): void
}

/** Follows what happens over one WebSocket, and goes on where it was after every break. */
export interface Live {
  /** Follows a topic; returns how to stop. */
  follow(topic: string, listener: LiveListener): () => void
  /** Calls the listener with every change of state, and at once; returns how to stop. */
  onState(listener: (state: LiveState) => void): () => void
  close(): void
}

const path = '/api/v1/ws/unified'
const shortestMs = 500
const longestMs = 30_000

interface Followed {
  readonly listeners: Set<LiveListener>
  /** Position of the newest message that was heard. */
  seq: string | undefined
}

/** Connects to the controller that the pages came from. */
export function openLive(): Live {
  return new LiveConnection()
}

class LiveConnection implements Live {
  readonly #topics = new Map<string, Followed>()
  readonly #watchers = new Set<(state: LiveState) => void>()
  #state: LiveState = 'connecting'
  #socket: WebSocket | null = null
  #pause = shortestMs
  #timer: number | undefined
  #closed = false

  constructor() {
    this.#connect()
    window.addEventListener('online', this.#hurry)
  }

  follow(topic: string, listener: LiveListener): () => void {
    const followed = this.#topics.get(topic) ?? { listeners: new Set(), seq: undefined }
    const isNew = followed.listeners.size === 0
    followed.listeners.add(listener)
    this.#topics.set(topic, followed)
    if (isNew) this.#subscribe(topic)
    return () => {
      followed.listeners.delete(listener)
      if (followed.listeners.size > 0 || this.#topics.get(topic) !== followed) return
      this.#topics.delete(topic)
      this.#say({ type: 'unsubscribe', topic })
    }
  }

  onState(listener: (state: LiveState) => void): () => void {
    this.#watchers.add(listener)
    listener(this.#state)
    return () => this.#watchers.delete(listener)
  }

  close(): void {
    this.#closed = true
    window.removeEventListener('online', this.#hurry)
    window.clearTimeout(this.#timer)
    this.#socket?.close()
  }

  readonly #hurry = () => {
    if (this.#socket !== null) return
    window.clearTimeout(this.#timer)
    this.#connect()
  }

  #connect(): void {
    const url = new URL(path, window.location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url)
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#heard(JSON.parse(String(data))))
    socket.addEventListener('close', () => this.#lost())
  }

  #lost(): void {
    this.#socket = null
    if (this.#closed) return
    this.#become('lost')
    // Whoever lost the same server must not all come back at once.
    const wait = this.#pause * (0.5 + Math.random() / 2)
    this.#pause = Math.min(this.#pause * 2, longestMs)
    this.#timer = window.setTimeout(() => this.#connect(), wait)
  }

  #heard(message: LiveMessage): void {
    switch (message.type) {
      case 'handshake':
        for (const topic of this.#topics.keys()) this.#subscribe(topic)
        return
      case 'subscription_ack':
        this.#acknowledged(message)
        return
      case 'resync':
        this.#missed(message)
        return
      default:
        this.#deliver(message)
    }
  }

  #acknowledged({ topic, action, seq }: LiveMessage): void {
    if (action !== 'subscribe') return
    const followed = this.#topics.get(topic)
    // What happened before the first answer was read is read with it: nothing is missed in between.
    if (followed !== undefined && followed.seq === undefined) {
      followed.seq = seq
      for (const listener of followed.listeners) listener.resync()
    }
    this.#pause = shortestMs
    this.#become('live')
  }

  #missed({ topic, seq }: LiveMessage): void {
    const followed = this.#topics.get(topic)
    if (followed === undefined) return
    followed.seq = seq
    for (const listener of followed.listeners) listener.resync()
  }

  #deliver(message: LiveMessage): void {
    const followed = this.#topics.get(message.topic)
    if (followed === undefined) return
    followed.seq = message.seq
    for (const listener of followed.listeners) listener.message(message)
  }

  #subscribe(topic: string): void {
    const since = this.#topics.get(topic)?.seq
    this.#say({ type: 'subscribe', topic, ...(since !== undefined && { since }) })
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  #become(state: LiveState): void {
    if (state === this.#state) return
    this.#state = state
    for (const watcher of this.#watchers) watcher(state)
  }
}
