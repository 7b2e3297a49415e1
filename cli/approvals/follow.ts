import { WebSocket } from 'ws'
import { wait } from '../../lifecycle/wait.ts'
import { address, refusal, userAgent } from '../controller-client.ts'
import type { ControllerAddress } from '../data-folder.ts'
import { CliFailure } from '../failure.ts'

/** A message of the topic. */
type Message = Readonly<Record<string, unknown>> & { readonly type: string; readonly seq: string }

interface Following {
  readonly topic: 'approvals'
  /** Called with every message, in order; `resync` is word that some were missed. */
  readonly hear: (message: Message) => void
  /** Called once it follows, and again whenever something was missed. */
  readonly caughtUp: () => Promise<void>
  /** Called when the connection is lost, before it is tried again. */
  readonly lost: () => void
}

const longestWaitMs = 30_000

/** The controller asks every minute whether somebody is there. */
const longestSilenceMs = 100_000

/**
 * Follows a topic until the signal aborts, through lost connections, from where it was. Fails with
 * `controller_unreachable` when the first try fails, and with `controller_refused`.
 */
export async function follow(
  controller: ControllerAddress,
  following: Following,
  signal: AbortSignal,
): Promise<void> {
  let since: string | undefined
  let waitMs = 0
  while (!signal.aborted) {
    const heard = await connection(controller, following, { since, signal })
    if (heard === null && since === undefined) throw unreachable(controller)
    if (signal.aborted) return
    waitMs = heard === null ? Math.min(longestWaitMs, Math.max(1000, waitMs * 2)) : 250
    since = heard ?? since
    following.lost()
    await wait(waitMs, signal)
  }
}

function unreachable({ url }: ControllerAddress): CliFailure {
  return new CliFailure(
    'controller_unreachable',
    `no controller answers at ${url}`,
    'is `writ up` running? start it, or name another controller with --url',
  )
}

interface From {
  readonly since: string | undefined
  readonly signal: AbortSignal
}

/** One connection, until it ends: the position of the last message, or null when it never came about. */
async function connection(
  { url, token }: ControllerAddress,
  { topic, hear, caughtUp }: Following,
  { since, signal }: From,
): Promise<string | null> {
  const target = address(url, '/api/v1/ws/unified')
  const headers = { authorization: `Bearer ${token}`, 'user-agent': userAgent }
  const socket = new WebSocket(target.href.replace(/^http/, 'ws'), { headers })
  const end = () => socket.close(1000)
  signal.addEventListener('abort', end, { once: true })
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  let position: string | null = null
  const take = (message: Message) => {
    if (message.type === 'handshake')
      socket.send(JSON.stringify({ type: 'subscribe', topic, since }))
    // What comes after the answer is older than its position.
    const resumes = message.type === 'subscription_ack' && since !== undefined
    if (message.seq === undefined || resumes) return
    position = message.seq
    if (message.type !== 'subscription_ack') hear(message)
    if (message.type === 'subscription_ack' || message.type === 'resync') caughtUp().catch(reject)
  }
  const silence = setTimeout(() => socket.terminate(), longestSilenceMs)
  socket.on('message', data => {
    silence.refresh()
    take(JSON.parse(`${data}`))
  })
  socket.on('ping', () => silence.refresh())
  socket.on('error', () => undefined)
  socket.on('unexpected-response', (asked, { statusCode = 0 }) => {
    asked.destroy()
    if (statusCode >= 500 || statusCode === 429) resolve(null)
    else reject(refusal(statusCode, target, { detail: 'it does not let this be followed' }))
  })
  socket.on('close', () => resolve(position))
  try {
    return await promise
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', end)
    socket.terminate()
  }
}
