import { type LookupAddress, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent } from 'undici'

/** Networks that are no part of the internet, by RFC 6890 and its successors. */
const privateNetworks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 32, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 9, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]

function blockList(): BlockList {
  const list = new BlockList()
  for (const [network, prefix, family] of privateNetworks) list.addSubnet(network, prefix, family)
  return list
}

/** Whether an IP address is one that anybody on the internet could mean; false for what is no address. */
export function isPublicAddress(address: string, list = blockList()): boolean {
  const family = isIP(address)
  return family !== 0 && !list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Connects to public addresses only, whatever a name resolves to at that moment. The host of a URL may
 * be an address itself, which is never looked up: check it with `isPublicHost` first.
 */
export function publicAgent(): Agent {
  const list = blockList()
  const guarded: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const hidden = found?.find(({ address }) => !isPublicAddress(address, list))
      if (error !== null) done(error, [])
      else if (hidden !== undefined) done(notPublic(), [])
      else answer(found, options.all === true, done)
    })
  }
  return new Agent({ connect: { lookup: guarded, timeout: 5000 }, connections: 8 })
}

function answer(
  found: readonly LookupAddress[],
  all: boolean,
  done: Parameters<LookupFunction>[2],
): void {
  const [first] = found
  if (all) done(null, [...found])
  else if (first === undefined) done(notPublic(), [])
  else done(null, first.address, first.family)
}

function notPublic(): NodeJS.ErrnoException {
  return Object.assign(new Error('the name does not resolve to a public address'), {
    code: 'ENOTPUBLIC',
  })
}

/** Whether the host of a URL is a name, or an address that is public. */
export function isPublicHost({ hostname }: URL): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) === 0 ? hostname.includes('.') : isPublicAddress(address)
}
