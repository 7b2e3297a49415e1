import { readFile } from 'node:fs/promises'
import { LinkFailure } from './link-failure.ts'

/** Gives the token to show with the next request. Rejects with a LinkFailure. */
export type ControllerToken = () => Promise<string>

const longest = 4096

/** How long what was read is shown: whoever replaces the file does so long before the old token ends. */
const freshMs = 1000

/** The token that is in a file now; it is read again and again, for it is replaced before it ends. `now` in milliseconds. */
export function tokenFile(path: string, now: () => number = Date.now): ControllerToken {
  let kept = { token: '', at: Number.NEGATIVE_INFINITY }
  return async () => {
    if (Math.abs(now() - kept.at) >= freshMs) kept = { token: await tokenIn(path), at: now() }
    return kept.token
  }
}

async function tokenIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(cause => {
    const why = Object(cause).code ?? 'it cannot be read'
    throw new LinkFailure('token_unreadable', `the token in ${path} cannot be had: ${why}`)
  })
  const token = text.trim()
  if (token.length <= longest && /^[\x21-\x7e]+$/.test(token)) return token
  throw new LinkFailure('token_unreadable', `there is no token in ${path}`)
}

/**
 * The namespace that a service account token names, or null for any other token. Nobody has checked it: it only says what
 * the controller can be expected to say.
 */
export function namespaceIn(token: string): string | null {
  const [, payload = ''] = token.split('.')
  try {
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return /^system:serviceaccount:([^:]+):[^:]+$/.exec(String(sub))?.[1] ?? null
  } catch {
    return null
  }
}
