import { hash } from 'node:crypto'

/** 32 bytes as base64url without padding, 43 characters. */
export type Digest = string

/** What an entry is chained to: everything that its proxy wrote before it. */
export type Link = Digest

const bytes = 32

/** Whether the text is a digest in the one form that is written: 43 characters, the unused bits zero. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(text)
}

/** What the first entry of a proxy is chained to: SHA-256 of `writ.chain.v1`, a newline and the id of the proxy. */
export function genesisOf(proxy: string): Link {
  return hash('sha256', `writ.chain.v1\n${proxy}`, 'base64url')
}

/** SHA-256 of a line of the journal without its newline. */
export function digestOf(line: string | Uint8Array): Digest {
  return hash('sha256', line, 'base64url')
}

/**
 * What the next entry is chained to: SHA-256 of the 32 bytes of the link before and the 32 bytes of the digest of the
 * line. Who knows the digests of the lines alone can follow the chain and learns nothing of what they say.
 */
export function linkOf(prev: Link, line: Digest): Link {
  const both = Buffer.allocUnsafe(2 * bytes)
  both.write(prev, 0, bytes, 'base64url')
  both.write(line, bytes, bytes, 'base64url')
  return hash('sha256', both, 'base64url')
}
