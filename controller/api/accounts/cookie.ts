import type { CookieOptions, Response } from 'express'

/** Name of the cookie that signs a browser in. */
const name = 'writ_session'

const lifeMs = 30 * 86_400_000

/** The secret in a Cookie header, or null. */
export function cookieIn(header: string | undefined): string | null {
  if (header === undefined || header.length > 8192) return null
  const found = header.split(';').flatMap(pair => {
    const [key, value = ''] = pair.trim().split('=', 2)
    return key === name ? [value] : []
  })
  const [secret, another] = found
  // Two of one name come from two places, and only one of them is ours.
  return secret === undefined || another !== undefined ? null : secret
}

/** Signs the browser in; no script reads the cookie and no other site sends it. `secure` where people come by HTTPS. */
export function setCookie(response: Response, secret: string, secure: boolean): void {
  response.cookie(name, secret, { ...options(secure), maxAge: lifeMs })
}

/** Signs the browser out. */
export function clearCookie(response: Response, secure: boolean): void {
  response.clearCookie(name, options(secure))
}

function options(secure: boolean): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure, encode: value => value }
}
