import { type Dispatcher, request } from 'undici'
import { ChannelFailure } from './failure.ts'

/** What is posted, and how long the other side may take with it. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly signal: AbortSignal
  /** Another way of connecting than the usual one. */
  readonly dispatcher?: Dispatcher
}

/** What came back. */
export interface Posted {
  readonly status: number
  /** At most 64 KiB of it. */
  readonly text: string
}

const mostBytes = 65_536

/** Posts once and follows no redirect. Rejects with a ChannelFailure `unreachable`, or when the signal aborts. */
export async function httpPost(url: URL, post: Post): Promise<Posted> {
  const { headers, body, signal, dispatcher } = post
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'user-agent': 'writ', ...headers },
      body,
      signal,
      ...(dispatcher && { dispatcher }),
    })
    return { status: answer.statusCode, text: await beginning(answer.body) }
  } catch (cause) {
    signal.throwIfAborted()
    // Messages of the client name addresses, which may be secrets.
    throw new ChannelFailure('unreachable', `the address cannot be reached (${codeOf(cause)})`, {
      cause,
    })
  }
}

/** Rejects with a ChannelFailure unless the answer is a success; the words of an answer are kept only if they are one. */
export function expectSuccess({ status, text }: Posted): void {
  if (status >= 200 && status < 300) return
  const word = /^[a-z][a-z_]{1,40}$/.test(text.trim()) ? ` (${text.trim()})` : ''
  const code = status === 410 ? 'gone' : 'refused'
  throw new ChannelFailure(code, `the address answered ${status}${word}`)
}

async function beginning(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= mostBytes) break
  }
  return Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8')
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'no answer'
}
