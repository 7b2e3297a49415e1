import './reflect-metadata.ts'
import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { ServingCertificate } from './certificates.ts'

/** A certificate that signs others, with its key; both PEM. */
export interface Authority {
  readonly cert: string
  readonly key: string
}

const dayMs = 86_400_000

/** How long certificates are good, in milliseconds. */
const lifetimes = { authorityMs: 3650 * dayMs, servingMs: 90 * dayMs }

/** Clocks of API servers may be behind. */
const skewMs = 3_600_000

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** Makes an authority that is good for ten years from `now` and signs nothing but certificates of servers. */
export async function makeAuthority(now: number): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const serialNumber = serial()
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: `CN=Writ webhooks ${serialNumber.slice(0, 8)}`,
    ...validity(now, lifetimes.authorityMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(made), key: await keyPem(keys.privateKey) }
}

/** Signs a certificate with a new key for a server of those names, good for 90 days from `now`. */
export async function issueServing(
  authority: Authority,
  names: readonly string[],
  now: number,
): Promise<ServingCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const issuer = new X509Certificate(authority.cert)
  const alternatives = names.map(value => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const)
  const made = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=writ-webhook',
    issuer: issuer.subject,
    ...validity(now, lifetimes.servingMs),
    signingAlgorithm: algorithm,
    signingKey: await signingKey(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternatives),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(made), key: await keyPem(keys.privateKey) }
}

/** 127 bits, and never a negative number. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

function validity(now: number, lifeMs: number) {
  return { notBefore: new Date(now - skewMs), notAfter: new Date(now + lifeMs) }
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${PemConverter.encode(der, 'PRIVATE KEY').trim()}\n`
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), algorithm, false, [
    'sign',
  ])
}
