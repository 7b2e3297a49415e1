import { type Dispatcher, request } from 'undici'
import { CliFailure } from '../failure.ts'

export interface FetchOptions {
  /** How connections are made; as usual when omitted. */
  readonly dispatcher?: Dispatcher
  /** Longest it may take in all, ms. */
  readonly timeoutMs?: number
}

/** Most bytes that are taken; the compiler reads no longer files. */
const mostBytes = 4 * 1024 * 1024

/** Most times that an address may lead to another one. */
const mostRedirects = 3

/**
 * The text at an https address, redirects within https followed. Fails with `unreadable` for any other address,
 * for more than 4 MiB, for what is not UTF-8, and when it takes more than 15 seconds.
 */
export async function fetchText(address: string, options: FetchOptions = {}): Promise<string> {
  const { timeoutMs = 15_000, dispatcher } = options
  const signal = AbortSignal.timeout(timeoutMs)
  let url = httpsUrl(address)
  try {
    for (let i = 0; i <= mostRedirects; i += 1) {
      const answer = await request(url, { signal, ...(dispatcher && { dispatcher }) })
      const { statusCode, headers, body } = answer
      const { location } = headers
      if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
        await body.dump()
        url = httpsUrl(new URL(location, url).href)
        continue
      }
      if (statusCode === 200) return await bounded(body)
      await body.dump()
      throw unreadable(address, `the server answers ${statusCode}`)
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error
    throw unreadable(address, reason(error, signal))
  }
  throw unreadable(address, `it leads on more than ${mostRedirects} times`)
}

function httpsUrl(address: string): URL {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:') {
    const remedy = 'give an https:// address, or download the file and name that'
    throw new CliFailure('unreadable', `${address} is not read: only https is`, remedy)
  }
  if (url.username !== '' || url.password !== '') {
    const remedy = 'download the file and name that'
    throw new CliFailure('unreadable', 'an address with credentials is not read', remedy)
  }
  return url
}

async function bounded(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > mostBytes) throw new CliFailure('unreadable', 'the file is larger than 4 MiB')
    chunks.push(chunk)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}

function reason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it takes too long'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : code || 'it fails'
}

function unreadable(address: string, why: string): CliFailure {
  return new CliFailure('unreadable', `cannot read ${address}: ${why}`)
}
