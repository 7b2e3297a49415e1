import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { remoteKey } from '../attempt-limit.ts'
import type { Authenticated } from '../authenticate.ts'
import { nobody, shownBy, strangerIn } from '../guard.ts'
import { tooMany } from '../visible-request.ts'
import { Session, type SessionNeeds, type Visitor } from './session.ts'

/** Where programs follow what happens. */
const livePath = '/api/v1/ws/unified'

/** Takes connections that become WebSockets. */
export interface LiveGate {
  /** Whether a request asks for this. */
  isFor(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export interface GateNeeds extends SessionNeeds {
  /** Host names, without port, that requests may name. */
  readonly allowedHosts: ReadonlySet<string>
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
}

/** Connections in all, and those of which nobody is known. */
const most = { all: 1000, strangers: 100 }

/** What a client says is short. */
const mostBytes = 16_384

/** Opens sessions for those who may; the stranger that came first makes room when there are too many. */
export function liveGate(needs: GateNeeds): LiveGate {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: mostBytes,
    perMessageDeflate: false,
  })
  const sessions = new Set<Session>()
  const stop = needs.onBeat(() => {
    for (const session of sessions) session.beat()
  })

  const makeRoom = (who: Authenticated | null): boolean => {
    const strangers = [...sessions].filter(({ isKnown }) => !isKnown)
    const [first] = strangers
    if (sessions.size < most.all && (who !== null || strangers.length < most.strangers)) return true
    if (first === undefined) return false
    first.close(1013, 'others wait')
    sessions.delete(first)
    return true
  }

  const open = (request: IncomingMessage, socket: Duplex, head: Buffer, visitor: Visitor) =>
    server.handleUpgrade(request, socket, head, opened => {
      const session = new Session(opened, visitor, needs)
      sessions.add(session)
      opened.once('close', () => sessions.delete(session))
    })

  const admit = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const visit = await visitOf(request, needs)
    if ('status' in visit) refuse(socket, visit)
    else if (makeRoom(visit.who)) open(request, socket, head, visit)
    else refuse(socket, { status: 503, detail: 'Too many are connected.' })
  }

  return {
    isFor: request => request.url?.split('?')[0] === livePath,
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy())
      admit(request, socket, head).catch(error => {
        needs.log.error({ err: error }, 'connection not opened')
        socket.destroy()
      })
    },
    close() {
      stop()
      for (const session of sessions) session.end()
      server.close()
    },
  }
}

interface Refused {
  readonly status: number
  readonly detail: string
}

/** Nobody need say who they are to connect, but whoever says it must be right. */
async function visitOf(
  { headers, socket }: IncomingMessage,
  { allowedHosts, authenticate, attempts }: GateNeeds,
): Promise<Visitor | Refused> {
  const address = remoteKey(socket.remoteAddress)
  const stranger = strangerIn(headers, allowedHosts)
  if (stranger !== null) return stranger
  const { token } = shownBy(headers)
  if (token === null) return { address, who: null }
  const who = await authenticate(token, address)
  const { caller } = who
  if (caller.role === 'admin' || caller.role === 'person' || caller.role === 'account') {
    return { address, who }
  }
  const actor = nobody(caller, 'rest', address)
  const record = { request: null, detail: `follow: ${actor.identity}`, actor }
  const wait = await attempts.failed({ from: address, record })
  if (wait > 0) return { status: 429, detail: tooMany(wait) }
  return caller.role === 'nobody'
    ? { status: 401, detail: 'This key is not known.' }
    : { status: 403, detail: 'This key does not open this.' }
}

function refuse(socket: Duplex, { status, detail }: Refused): void {
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail })
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
