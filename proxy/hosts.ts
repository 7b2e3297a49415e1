import type { IncomingMessage } from 'node:http'

const loopback = ['localhost', '127.0.0.1', '[::1]']

/** Tells whether a request was meant for this proxy: DNS rebinding shows in Host and Origin. */
export type HostCheck = (request: IncomingMessage) => boolean

/** Accepts the loopback names and the given ones, with any port. */
export function hostCheck(allowed: readonly string[]): HostCheck {
  const hosts = new Set([...loopback, ...allowed].map(host => host.toLowerCase()))
  for (const anything of ['0.0.0.0', '[::]', '::']) hosts.delete(anything)
  // Nearly every request has the Host of the one before, and parsing a URL costs as much as judging.
  let lastGood = ''
  const isOurs = (host = '') => {
    if (host !== '' && host === lastGood) return true
    if (!hosts.has(nameIn(`http://${host}`))) return false
    lastGood = host
    return true
  }
  return ({ headers: { host, origin } }) =>
    isOurs(host) && (origin === undefined || hosts.has(nameIn(origin)))
}

function nameIn(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : ''
}
